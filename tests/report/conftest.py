"""Small runs, written file by file as a search and a comparison write them."""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from dada.policy import Operation, Policy, Scale, SubPolicy, dumps, save_policy

OPERATIONS = ("ShearX", "Rotate", "Invert", "Brightness")
BY_TRIALS = {"horizon": "training"}
PAIRS = list(combinations(OPERATIONS, 2))


def make_policy(size: int = len(PAIRS)) -> Policy:
    return Policy(
        tuple(
            SubPolicy(
                (Operation(a, 0.5, 0.6, 1.0), Operation(b, 0.25, 0.4, 1.0)), 1.0 / (number + 1)
            )
            for number, (a, b) in enumerate(PAIRS[:size])
        ),
        Scale("strength"),
        "digits",
    )


def make_images(count: int = 8, channels: int = 3, side: int = 8) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    shape = (count, channels, side, side)
    return torch.randint(256, shape, dtype=torch.uint8, generator=generator)


def make_config(kind: str = "search", **data: Any) -> dict[str, Any]:
    return {
        "kind": kind,
        "data": {
            "name": "digits",
            "source": "digits",
            "fingerprint": "0123456789abcdef",
            "train": 1437,
            "test": 360,
            "classes": [str(digit) for digit in range(10)],
            "channels": 3,
            "side": [8, 8],
            "mean": [0.3],
            "std": [0.4],
            "notes": [],
            "skipped": [],
            **data,
        },
        "settings": {
            "preset": "demo",
            "seed": 3,
            "images": 1437,
            "model": "wrn-10-1",
            "epochs": 3,
            "batch": 64,
            "operations": list(OPERATIONS),
            "scale": "strength",
            "bounds": {},
            "estimator": "relax",
            "flip": False,
        },
        "versions": {"dada": "0.1.0", "torch": "2.11"},
        "machine": {"device": "cpu", "precision": "float32"},
    }


def make_epoch(number: int, pairs: list[tuple[str, ...]] = PAIRS) -> dict[str, Any]:
    random = np.random.default_rng(number)
    weights = random.dirichlet(np.full(len(pairs), 50.0))
    shape = (len(pairs), len(pairs[0]))
    return {
        "event": "epoch",
        "epoch": number,
        "steps": 11,
        "seconds": 1.5,
        "train_loss": 2.0 / number,
        "validation_loss": 1.9 / number,
        "validation_accuracy": 1 - 0.8 / number,
        "entropy": float(-(weights * np.log(weights)).sum()),
        "weights": weights.tolist(),
        "probabilities": random.uniform(0.4, 0.6, shape).tolist(),
        "magnitudes": random.uniform(0.4, 0.6, shape).tolist(),
    }


def make_findings() -> dict[str, Any]:
    """As a search by trials records them: one operation helps, one hurts, two are noise."""
    effects = dict(zip(OPERATIONS, (0.08, 0.01, -0.09, -0.01), strict=True))
    return {
        "operations": {
            name: {"effect": effect, "standard_error": 0.01, "p_value": 0.5, "share": 0.25}
            for name, effect in effects.items()
        },
        "noise": {"standard_deviation": 0.01, "degrees_of_freedom": 10},
        "amount": None,
        "notes": ["no augmentation: every amount of the policy raises the loss"],
    }


def make_round(number: int, of_amounts: bool = False) -> dict[str, Any]:
    """A round of a search by trials."""
    names = ("0%", "25%", "50%", "75%", "100%") if of_amounts else ("no augmentation", *OPERATIONS)
    losses = dict(zip(names, (0.5, 0.4, 0.5, 0.6, 0.55), strict=True))
    trials = {n: {"train_loss": 0.1, "loss": x, "accuracy": 0.9} for n, x in losses.items()}
    findings = {"trials": trials, "findings": make_findings()}
    return make_epoch(number) | {"trial_epochs": 20} | findings


def make_row(
    name: str, errors: list[float], difference: float = 0.0, interval: float | None = None
) -> dict[str, Any]:
    return {
        "name": name,
        "errors": errors,
        "mean": sum(errors) / len(errors),
        "interval": 0.006 if len(errors) > 1 else None,
        "difference": difference,
        "difference_interval": interval,
        "seconds": 3.1,
    }


def make_comparison(difference: float = 0.002, interval: float | None = 0.009) -> dict[str, Any]:
    return {
        "baseline": "crop and flip",
        "network": "wrn-10-1",
        "images": 1437,
        "test_images": 360,
        "epochs": 12,
        "seeds": [0, 1, 2],
        "rows": [
            make_row("crop and flip", [0.05, 0.051, 0.052]),
            make_row("policy runs/digits", [0.052, 0.053, 0.054], difference, interval),
            make_row("uniform policy", [0.049, 0.05, 0.048], -0.002, 0.004),
        ],
    }


def write_json(path: Path, data: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(data), encoding="utf-8")


def write_events(path: Path, events: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(e) + "\n" for e in events), encoding="utf-8")


def write_search(
    path: Path, epochs: int = 3, finished: bool = True, samples: bool = True, **data: Any
) -> Path:
    write_json(path / "config.json", make_config(**data))
    start = {"event": "start", "sub_policies": PAIRS, "parameters": 123456}
    finish = [{"event": "finish", "seconds": 4.5}] if finished else []
    write_events(path / "events.jsonl", [start, *map(make_epoch, range(1, epochs + 1)), *finish])
    if epochs:
        save_policy(make_policy(), path / "policy.json")
    if samples:
        row = torch.cat(tuple(make_images()), 2).permute(1, 2, 0)
        Image.fromarray(row.numpy()).save(path / "samples.png")
    return path


def write_trials(path: Path, rounds: int = 3) -> Path:
    """A search by trials that is not finished; its third round tries probabilities."""
    write_search(path)
    config = make_config()
    write_json(path / "config.json", config | {"settings": config["settings"] | BY_TRIALS})
    start = {"event": "start", "sub_policies": PAIRS, "parameters": 123456}
    made = [make_round(1), make_round(2), make_round(3, of_amounts=True)]
    write_events(path / "events.jsonl", [start, *made[:rounds]])
    return path


def write_training(path: Path, epochs: int = 2) -> Path:
    config = make_config("train") | {"seed": 0, "policy": "none", "policies": {"crop and flip": ""}}
    write_json(path / "config.json", config)
    tests = {"test_loss": 0.5, "test_error": 0.2, "class_errors": [0.1, None]}
    write_events(path / "events.jsonl", [make_epoch(n + 1) | tests for n in range(epochs)])
    return path


def write_compare(
    path: Path, comparison: dict[str, Any] | None = None, name: str = "policy runs/digits"
) -> Path:
    config = make_config("compare") | {"policies": {name: dumps(make_policy())}}
    write_json(path / "config.json", config)
    if comparison is not None:
        write_json(path / "comparison.json", comparison)
    training = {"event": "training", "row": name, "seed": 0, "test_error": 0.052, "seconds": 3.0}
    write_events(path / "events.jsonl", [training])
    return path


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A finished search."""
    return write_search(tmp_path / "run")

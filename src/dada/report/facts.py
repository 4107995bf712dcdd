"""What a page says, collected from the files of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from dada.augment import Pipeline, Sampler, apply
from dada.datasets import channels_in_words
from dada.errors import UserError
from dada.policy import Policy, load_policy, loads
from dada.policy.words import describe_operation
from dada.report import sheet
from dada.report.numbers import percent, setting
from dada.report.verdict import (
    WORDS,
    decimals,
    difference_in_words,
    effect,
    error_in_words,
)
from dada.runs import RunFolder

SHEET_ROWS, NAMED_CLASSES, _EPOCHS = 8, 20, 3
ORDINALS = ("First", "Second", "Third")


def epochs_of(events: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The epochs in order, each once."""
    by_number = {e["epoch"]: e for e in events if e.get("event") == "epoch"}
    return [by_number[number] for number in sorted(by_number)]


def policy_of(run: RunFolder) -> Policy | None:
    """The policy that a search found, or None."""
    return load_policy(run.path) if (run.path / "policy.json").is_file() else None


def compared_policies(run: RunFolder) -> dict[str, Policy]:
    """The policies that a comparison trained with, by the names of their rows."""
    return {name: loads(text, name) for name, text in run.config.get("policies", {}).items()}


def policy_rows(policy: Policy) -> list[dict[str, Any]]:
    """Sub-policies, most frequent first, with operations in real units."""
    total = sum(s.weight for s in policy.sub_policies)
    most = max(s.weight for s in policy.sub_policies)
    return [
        {
            "weight": percent(sub_policy.weight / total),
            "bar": round(100 * sub_policy.weight / most, 1),
            "operations": [
                {
                    "name": operation.name,
                    "probability": percent(operation.probability, 0),
                    "strength": describe_operation(policy.scale, operation).strip(),
                }
                for operation in sub_policy.operations
            ],
        }
        for sub_policy in policy.leading()
    ]


def sheet_rows(images: Tensor, policy: Policy, seed: int) -> list[dict[str, Any]]:
    """The originals and the leading sub-policies as rows of pictures for the page."""
    rows: list[dict[str, Any]] = [{"label": "Originals", "words": (), "images": _uris(images)}]
    for number, sub_policy in enumerate(policy.leading()[:SHEET_ROWS]):
        shown = sheet.augmented(images, policy, sub_policy, sheet.row_generator(seed, number))
        share = sub_policy.weight / sum(s.weight for s in policy.sub_policies)
        words = [w.replace("(p ", "(p\N{NO-BREAK SPACE}") for w in policy.in_words(sub_policy)]
        rows.append({"label": percent(share), "words": words, "images": _uris(shown)})
    return rows


def training_rows(
    images: Tensor, policy: Policy, settings: Mapping[str, Any], seed: int
) -> list[dict[str, Any]]:
    """The originals, and what a training makes of them in three epochs."""
    rows: list[dict[str, Any]] = [{"label": "Originals", "words": (), "images": _uris(images)}]
    sampler = Sampler(policy)
    mean, std = (torch.tensor(settings[name])[:, None, None] for name in ("mean", "std"))
    pipeline = Pipeline(
        mean=settings["mean"],
        std=settings["std"],
        padding=settings["padding"],
        flip=settings["flip"],
        cutout=settings.get("cutout", 0),
        crop=settings.get("crop", "padded"),
        size=(images.shape[2], images.shape[3]),
        jitter=settings.get("jitter", 0.0),
        lighting=settings.get("lighting", 0.0),
    )
    for number in range(_EPOCHS):
        generator = sheet.row_generator(seed, number)
        seen = pipeline.before_policy(images, generator)
        seen = pipeline.finish(apply(seen, sampler(len(seen), generator)), generator)
        shown = (255 * (seen * std + mean)).round().clamp(0, 255).to(torch.uint8)
        label = ORDINALS[number]
        rows.append({"label": f"{label} epoch", "words": (), "images": _uris(shown)})
    return rows


def _uris(images: Tensor) -> list[str]:
    return [sheet.data_uri(image) for image in images]


def comparison_rows(comparison: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows of the comparison's table in words."""
    rows = []
    for row in comparison["rows"]:
        baseline, kind = row["name"] == comparison["baseline"], effect(row)
        seeds = ", ".join(f"{100 * error:.2f}" for error in row["errors"])
        rows.append(
            {
                "name": row["name"],
                "error": error_in_words(row, decimals(row)),
                "seeds": seeds if len(row["errors"]) > 1 else "",
                "difference": "" if baseline else difference_in_words(row, unit=""),
                "effect": "baseline" if baseline else kind,
                "words": "the baseline" if baseline else WORDS[kind],
                "seconds": row["seconds"],
            }
        )
    return rows


def class_rows(comparison: dict[str, Any], classes: Sequence[str]) -> list[dict[str, Any]]:
    """Errors of each class under each augmentation; of many classes those that differ most."""
    tables = [row.get("class_errors") for row in comparison["rows"]]
    if not classes or not all(table and len(table) == len(classes) for table in tables):
        return []
    rows = [
        {"name": name, "errors": errors, "spread": max(known) - min(known)}
        for name, errors in zip(classes, zip(*tables, strict=True), strict=True)
        if (known := [error for error in errors if error is not None])
    ]
    kept = sorted(rows, key=lambda row: -row["spread"])[:NAMED_CLASSES]
    return [
        {
            "name": row["name"],
            "errors": ["–" if error is None else percent(error) for error in row["errors"]],
        }
        for row in rows
        if row in kept
    ]


def unfinished_rows(events: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The trainings of a comparison that is not complete."""
    done = [e for e in events if e.get("event") == "training"]
    if not done:
        raise UserError("the comparison has no training yet, so there is nothing to report")
    return [
        {"name": e["row"], "seed": e["seed"], "error": percent(e["test_error"], 2)} for e in done
    ]


def settings_rows(config: dict[str, Any]) -> list[tuple[str, str]]:
    """Settings to read, in their own order."""
    return [(name, setting(value)) for name, value in config.get("settings", {}).items()]


def data_facts(config: dict[str, Any]) -> dict[str, Any]:
    """What the images are, and what was decided or left out on the way."""
    data = config["data"]
    classes = [str(name) for name in data.get("classes", ())]
    height, width = data.get("side", (0, 0))
    return {
        "name": data["name"],
        "source": data.get("source") or "given in Python",
        "train": data["train"],
        "test": data["test"],
        "size": f"{width} × {height} pixels, {channels_in_words(data.get('channels', 3))}",
        "classes": classes[:NAMED_CLASSES],
        "class_count": len(classes),
        "notes": data.get("notes", []),
        "skipped": data.get("skipped", []),
        "fingerprint": data.get("fingerprint", ""),
    }

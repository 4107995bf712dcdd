"""The searches of the rows, as runs in a folder."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from benchmarks.search_quality.rows import Row
from benchmarks.search_quality.splits import Parts
from benchmarks.search_quality.store import Store
from dada import search
from dada.policy import Policy, load_policy
from dada.runs import RunFolder

UNIT = 30_000
"""Views of one whole training of 500 images for 60 epochs: the unit of cost."""


def searched(row: Row, parts: Parts, folder: Path, store: Store, device: str) -> list[Policy]:
    """The policies of a row, one per search; searches that are not done yet are run."""
    count = len(parts.searches)
    if row.policy is not None:
        return [row.policy] * count
    if row.files:
        return [load_policy(row.files[s % len(row.files)]) for s in range(count)]
    policies = []
    for number, data in enumerate(parts.searches):
        key, out = f"search/{row.name}/{number}", folder / row.name / str(number)
        if key not in store:
            resume = (out / "config.json").exists()
            search(data, out=out, resume=resume, device=device, **{"seed": number, **row.settings})
            store.add(key, _summary(out))
            print(f"{key}: {store[key]['seconds']:.0f} s", flush=True)
        policies.append(load_policy(out))
    return policies


def _summary(out: Path) -> dict[str, Any]:
    events = RunFolder(out).events
    records = [event for event in events if event["event"] == "epoch"]
    findings = records[-1].get("findings") or {}
    effects = {n: found["effect"] for n, found in findings.get("operations", {}).items()}
    return {
        "seconds": sum(record["seconds"] for record in records),
        "views": sum(record["views"] for record in records if "views" in record) or None,
        "effects": effects or _leanings(events[0]["sub_policies"], records[-1]["weights"]),
        "reliability": findings.get("reliability"),
        "contrasts": findings.get("contrasts"),
        "probability": (findings.get("probability") or {}).get("chosen"),
    }


def _leanings(names: list[list[str]], weights: list[float]) -> dict[str, float]:
    """What a search that measures no effects thinks of operations: the mean logarithm of the
    weights of the sub-policies that hold each."""
    held: dict[str, list[float]] = {}
    for operations, weight in zip(names, weights, strict=True):
        for name in operations:
            held.setdefault(name, []).append(math.log(max(weight, 1e-12)))
    return {name: sum(logs) / len(logs) for name, logs in held.items()}

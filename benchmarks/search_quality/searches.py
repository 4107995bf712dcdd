"""The searches of the rows, as runs in a folder."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from benchmarks.search_quality.rows import Row
from benchmarks.search_quality.splits import Parts
from benchmarks.search_quality.store import Store, digest
from dada import search
from dada.datasets import Dataset
from dada.errors import UserError
from dada.policy import AnyPolicy, dumps, load_policy, loads
from dada.runs import RunFolder
from dada.runs.provenance import fingerprint
from dada.searching import make_settings
from dada.training.augmentations import Method, policy_method

UNIT = 30_000
"""Views of one whole training of 500 images for 60 epochs: the unit of cost."""


class Searches:
    """The searches of all rows; each is run once, when its result is first needed.

    Args:
        parts: what each search sees.
        folder: of the run folders.
        store: of what the searches found.
        device: where they run.
    """

    def __init__(self, parts: Parts, folder: Path, store: Store, device: str) -> None:
        self.parts, self.folder, self.store, self.device = parts, folder, store, device

    def methods(self, row: Row, dataset: Dataset) -> list[Method]:
        """The augmentations of a row: one, or one per search."""
        count = len(self.parts.searches)
        if not row.searched:
            return [row.method(dataset)]
        if not row.files:
            return [policy_method(self._policy(row, s)) for s in range(count)]
        if len(row.files) != count:
            raise UserError(f"row {row.name}: {len(row.files)} policies for {count} searches")
        return [policy_method(load_policy(file)) for file in row.files]

    def found(self, row: Row) -> list[dict[str, Any]]:
        """What each search of a row took and found; nothing for a row without searches of ours."""
        if not row.settings:
            return []
        numbers = range(len(self.parts.searches))
        return [dict(self.store["search/" + self._key(row, number)]) for number in numbers]

    def _policy(self, row: Row, number: int) -> AnyPolicy:
        return loads(self.store["found/" + self._key(row, number)], row.name)

    def _key(self, row: Row, number: int) -> str:
        """Where the store has what a search took and found; it is run if it has not been."""
        data, out = self.parts.searches[number], self.folder / row.name / str(number)
        settings = {"seed": number, **row.settings}
        asked = make_settings(**settings).model_dump(mode="json")
        images = fingerprint(data.train.images, data.train.labels)
        key = f"{row.name}/{number}/{digest(images, asked)}"
        if not {f"search/{key}", f"found/{key}"} <= self.store.found.keys():
            resume = (out / "config.json").exists()
            search(data, out=out, resume=resume, device=self.device, **settings)
            found = _summary(out)
            self.store.add(f"search/{key}", found)
            self.store.add(f"found/{key}", dumps(load_policy(out)))
            print(f"search/{row.name}/{number}: {found['seconds']:.0f} s", flush=True)
        return key


def _summary(out: Path) -> dict[str, Any]:
    run = RunFolder(out)
    events = run.events
    records = [event for event in events if event["event"] == "epoch"]
    findings = records[-1].get("findings") or {}
    effects = {n: found["effect"] for n, found in findings.get("operations", {}).items()}
    if not effects and "weights" in records[-1]:
        effects = _leanings(events[0]["sub_policies"], records[-1]["weights"])
    return {
        "seconds": sum(record["seconds"] for record in records),
        "views": _views(run.config["settings"], records),
        "effects": effects,
        "reliability": findings.get("reliability"),
        "contrasts": findings.get("contrasts"),
        "probability": (findings.get("probability") or {}).get("chosen"),
        "losses": _final_losses(records),
    }


def _views(settings: dict[str, Any], records: list[dict[str, Any]]) -> int | None:
    """Images that networks learn from, repetitions included; None if a method does not say."""
    if settings["method"] == "dada" and not settings["horizon"]:
        # One step ahead, half of the images train and as many judge in each epoch.
        return len(records) * int(settings["images"])
    if any("views" not in record for record in records):
        return None
    return sum(record["views"] for record in records)


def _final_losses(records: list[dict[str, Any]]) -> dict[str, float]:
    """The mean held-out loss of each trial of the final rounds, by its name; none without such."""
    final = [record["trials"] for record in records if record.get("tried_probabilities")]
    names = final[-1] if final else ()
    return {name: sum(trials[name]["loss"] for trials in final) / len(final) for name in names}


def _leanings(names: list[list[str]], weights: list[float]) -> dict[str, float]:
    """What a search that measures no effects thinks of operations: the mean logarithm of the
    weights of the sub-policies that hold each."""
    held: dict[str, list[float]] = {}
    for operations, weight in zip(names, weights, strict=True):
        for name in operations:
            held.setdefault(name, []).append(math.log(max(weight, 1e-12)))
    return {name: sum(logs) / len(logs) for name, logs in held.items()}

"""Hostile run folders: each report is a page that holds no markup of theirs, or one clear line."""

from __future__ import annotations

import copy
import json
import random
import warnings
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from dada.errors import UserError
from dada.reporting import write_report
from tests.report.conftest import (
    make_comparison,
    write_compare,
    write_search,
    write_training,
    write_trials,
)

MARKUP = "<script>alert('x')</script>"
_VALUES: list[Any] = [None, True, -1, 0, 0.5, 1e308, 10**30, float("nan"), float("inf"), "", "x"]
_VALUES += [MARKUP, f'" onload="{MARKUP}', "\x1b[2J", "\ud800", "\x00", "é" * 500]
_VALUES += [[], {}, [None], [[1]], {"name": MARKUP}, [MARKUP] * 3, ["a", 1, None]]
_FILES = [f"{run}/config.json" for run in ("run", "run/compare", "training")]
_FILES += ["run/events.jsonl", "training/events.jsonl", "run/compare/comparison.json"]


def campaign(seed: int, count: int) -> dict[str, int]:
    """Damage a file of a run, `count` times, and write its report.

    Returns:
        How many reports were written and how many were refused.

    Raises:
        AssertionError: a refusal is not one line, or a page holds markup from the files.
        Exception: anything else that came out is a bug.
    """
    with TemporaryDirectory() as folder:
        return _campaign(random.Random(seed), count, Path(folder))


def _campaign(generator: random.Random, count: int, folder: Path) -> dict[str, int]:
    run = (write_search if generator.random() < 0.5 else write_trials)(folder / "run")
    comparison = make_comparison()
    comparison["rows"][1]["against"] = {
        row["name"]: {"difference": -0.01, "interval": 0.002, "simultaneous": 0.003}
        for row in comparison["rows"]
    }
    write_compare(run / "compare", comparison)
    write_training(folder / "training")
    whole = {name: (folder / name).read_text(encoding="utf-8") for name in _FILES}
    found: Counter[str] = Counter()
    for _ in range(count):
        name = generator.choice(_FILES)
        (folder / name).write_text(_damaged(whole[name], generator), "utf-8", "backslashreplace")
        kind = "run" if generator.random() < 0.5 else name.rpartition("/")[0]
        found[f"reports {_outcome(folder / kind)}"] += 1
        (folder / name).write_text(whole[name], encoding="utf-8")
    return dict(found)


def _outcome(run: Path) -> str:
    try:
        with warnings.catch_warnings(action="ignore"):
            page = write_report(run).read_text(encoding="utf-8")
    except UserError as error:
        assert "\n" not in str(error), error
        return "refused"
    assert "<script" not in page
    return "written"


def _damaged(text: str, generator: random.Random) -> str:
    """Half of them cut off or with bytes exchanged, half with another value in one place."""
    if generator.random() < 0.2:
        return text[: generator.randrange(len(text))]
    lines = [json.loads(line) for line in text.splitlines()] if "\n{" in text else None
    data = lines if lines is not None else json.loads(text)
    _change(data, generator)
    if lines is None:
        return json.dumps(data)
    return "".join(json.dumps(line) + "\n" for line in data)


def _change(data: Any, generator: random.Random) -> None:
    """Replace, add or remove an entry somewhere in plain data, in place."""
    holder = data
    while True:
        keys = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
        if not keys:
            return
        key = generator.choice(keys)
        inner = holder[key]
        if isinstance(inner, dict | list) and inner and generator.random() < 0.75:
            holder = inner
            continue
        if generator.random() < 0.2:
            del holder[key]
        else:
            holder[key] = copy.deepcopy(generator.choice(_VALUES))
        return

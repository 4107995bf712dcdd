"""What the page of any run says, from the run's files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dada.datasets import channels_in_words
from dada.report.numbers import count, setting
from dada.runs import RunFolder

NAMED_CLASSES = 20
"""The most classes that a page names."""


def epochs_of(events: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The records of epochs (or of rounds) in order, each once.

    Examples:
        >>> events = [{"event": "epoch", "epoch": n} for n in (2, 1, 2)]
        >>> [record["epoch"] for record in epochs_of(events)]
        [1, 2]
    """
    by_number = {e["epoch"]: e for e in events if e.get("event") == "epoch"}
    return [by_number[number] for number in sorted(by_number)]


def interrupted(
    run: RunFolder, what: str, done: int, planned: int | None, unit: str = "epoch"
) -> str:
    """A sentence on a run that is not finished; empty if it is.

    Args:
        what: what the run is called, such as "search".
        done, planned: numbers of units.
        unit: what is counted.
    """
    if any(event.get("event") == "finish" for event in run.events):
        return ""
    so_far = count(done, unit) if planned is None else f"{done:,} of {count(planned, unit)}"
    return (
        f"This {what} is not finished: {so_far} are done, and what follows is the state after the "
        "last of them."
    )


def run_facts(config: dict[str, Any]) -> dict[str, Any]:
    """Settings as text, in their own order, versions and machine."""
    versions = config.get("versions", {})
    return {
        "settings": [(name, setting(value)) for name, value in config.get("settings", {}).items()],
        "versions": list(versions.items()),
        "machine": list(config.get("machine", {}).items()),
        "version": versions.get("dada", config.get("dada", "")),
    }


def data_facts(config: dict[str, Any]) -> dict[str, Any]:
    """What the images are, with notes and what was skipped."""
    data = config["data"]
    classes = [str(name) for name in data.get("classes", ())]
    height, width = data.get("side", (0, 0))
    return {
        "name": data["name"],
        "source": data.get("source") or "given in Python",
        "train": data["train"],
        "test": data["test"],
        "validation": data.get("validation", 0),
        "size": f"{width} × {height} pixels, {channels_in_words(data.get('channels', 3))}",
        "classes": classes[:NAMED_CLASSES],
        "class_count": len(classes),
        "notes": data.get("notes", []),
        "skipped": data.get("skipped", []),
        "fingerprint": data.get("fingerprint", ""),
    }

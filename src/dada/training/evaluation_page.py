"""The page of an evaluation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from string import ascii_uppercase
from typing import Any

from torch import Tensor

from dada import __version__
from dada.datasets import Dataset, FileDataset
from dada.files import replace_file
from dada.report.chart import Reliability
from dada.report.html import html
from dada.report.numbers import capitalised, count, percent
from dada.report.page import REPORT
from dada.report.sheet import data_uri, shown_in_words
from dada.tasks import Task
from dada.training.evaluation_words import calibration_in_words, worst_first
from dada.training.trained import Trained

EVALUATION = "evaluation.html"
MATRIX = 20
"""The most classes whose confusion matrix a page has; of more, it has the largest confusions."""
_FEW = 20  # rows of the table of classes that are shown at once
_SHORT = 3  # letters of names that fit above a column
_HEADINGS = {
    "images": "Images",
    "boxes": "Boxes",
    "objects": "Objects",
    "pixels": "Pixels",
    "error": "Error",
    "AP": "AP",
    "IoU": "IoU",
    "recall": "Recall",
    "precision": "Precision",
    "f1": "F1",
    "average_precision": "Average precision",
}


def write_evaluation(
    path: Path,
    trained: Trained,
    data: Dataset | FileDataset,
    found: Mapping[str, Any],
    worst: Tensor,
    weights: str,
) -> Path:
    """Write the page of an evaluation: one file, with pictures inside.

    Args:
        path: the file.
        trained: the training.
        data: the data.
        found: as from `dada.evaluate`.
        worst: its worst images, uint8 (n, C, H, W).
        weights: which of the run's, "last" or "best".

    Raises:
        UserError: the file cannot be written.
    """
    metric, task = data.task.metric, data.task
    beside = path.resolve().parent == trained.folder.path.resolve()
    text = html(
        "evaluation.html",
        version=__version__,
        title=f"{trained.settings.model} on {data.name}",
        lead=(
            f"Tested on {count(found['test_images'], 'image')}; trained on {trained.data}, "
            f"{count(trained.settings.epochs, 'epoch')}; weights of the "
            f"{'last' if weights == 'last' else f'{metric.superlative}-{metric.name}'} epoch."
        ),
        report=REPORT if beside and (trained.folder.path / REPORT).is_file() else "",
        result=_result(found, task),
        notes=found["notes"],
        classes=class_table(found, task),
        first=f"{metric.inferior} {metric.of_class}",
        class_words=task.class_words,
        found_words=task.found_words,
        few=_FEW,
        matrix=_matrix(found),
        confusions=found.get("confusions", ()),
        **_calibration(found),
        worst=[
            {
                **about,
                "picture": data_uri(image),
                "right": "label" in about and about["label"] == about["answer"],
                "short": "/".join(Path(about["file"] or "").parts[-2:]),
            }
            for about, image in zip(found["worst"], worst, strict=True)
        ],
        shown=shown_in_words(data.channels),
        small=max(data.side) < 64,
        run=str(trained.folder.path),
    )
    return replace_file(path, text.encode(errors="replace"))


def class_table(found: Mapping[str, Any], task: Task) -> dict[str, Any]:
    """The table of classes: headings, and rows in words, the worst first.

    Classes without test images have no error, and come last.
    """
    metric, of = task.metric, task.metric.of_class
    inks = task.inks(len(found["per_class"]))
    rows = [
        {**about, of: value, "ink": ink}
        for about, value, ink in zip(found["per_class"], found[metric.class_key], inks, strict=True)
    ]
    rows = worst_first(rows, metric, key=lambda row: row[of])
    shown = [name for name in _HEADINGS if name in rows[0] and name not in _left_out(rows[0])]
    return {
        "headings": [_HEADINGS[name] for name in shown],
        "rows": [
            {
                "name": row["name"],
                "ink": row["ink"],
                "cells": [_value(name, row[name]) for name in shown],
                "taken_for": _taken_for(row),
            }
            for row in rows
        ],
        "taken_for": "taken_for" in rows[0],
    }


def _left_out(row: Mapping[str, Any]) -> Sequence[str]:
    """Columns that say the same as others, where images have one class each."""
    return ("recall", "f1") if "taken_for" in row else ()


def _value(name: str, value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:,}" if name in ("images", "boxes", "objects") else percent(value)


def _taken_for(row: Mapping[str, Any]) -> str:
    if not row.get("taken_for"):
        return ""
    return f"{row['taken_for']} ({row['times']}\N{NO-BREAK SPACE}×)"


def _result(found: Mapping[str, Any], task: Task) -> str:
    title, value = capitalised(task.metric.title), found[task.metric.key]
    more = "".join(
        f"; {called} {percent(found[key], 2)}"
        for key, called in task.further.items()
        if found[key] is not None
    )
    return f"{title} {percent(value, 2)}{more}; loss {found['test_loss']:.3f}."


def _matrix(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Rows of the confusion matrix, each cell with its share of the row; empty if it is large."""
    confusion = found.get("confusion")
    if confusion is None or len(confusion) > MATRIX:
        return []
    short = all(len(name) <= _SHORT for name in found["classes"])
    return [
        {
            "name": name,
            "mark": "" if short else ascii_uppercase[i],
            "cells": [
                {"images": cell, "tint": round(45 * cell / max(1, sum(row))), "right": i == j}
                for j, cell in enumerate(row)
            ],
        }
        for i, (name, row) in enumerate(zip(found["classes"], confusion, strict=True))
    ]


def _calibration(found: Mapping[str, Any]) -> dict[str, Any]:
    """What the page says of calibration, where an answer has a probability of being right."""
    if "calibration" not in found:
        return {"calibration": ()}
    calibration = found["calibration"]
    return {
        "calibration": calibration_in_words(calibration, found["test_loss"]),
        "reliability": _reliability(calibration["bins"]),
    }


def _reliability(bins: Sequence[Mapping[str, Any]]) -> Reliability:
    return Reliability(
        title="Reliability",
        caption="Answers in 15 bins by the probability that the network gave them; larger dots "
        "have more answers. Below the dashed diagonal, the network is too sure.",
        confidence=[one["confidence"] for one in bins],
        accuracy=[one["accuracy"] for one in bins],
        answers=[one["answers"] for one in bins],
    )

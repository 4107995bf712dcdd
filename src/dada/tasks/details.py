"""What a test says besides its means: about each class, confusions, and the worst images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from dada.tasks.calibration import calibration

if TYPE_CHECKING:
    from dada.tasks.labelling import Labelling

WORST = 16
"""How many of the images with the highest loss are listed."""
_CONFUSIONS = 20


def per_class(columns: Mapping[str, Sequence[Any]], classes: Sequence[str]) -> list[dict[str, Any]]:
    """A row per class, its `name` first, from columns with a value per class."""
    rows = zip(*columns.values(), strict=True)
    return [
        {"name": name, **dict(zip(columns, row, strict=True))}
        for name, row in zip(classes, rows, strict=True)
    ]


def worst(losses: Tensor, files: Sequence[str]) -> list[dict[str, Any]]:
    """The images with the highest loss, each with its `image`, a number from 0, its `file` or None,
    and its `loss`.

    Args:
        losses: (N,).
        files: the N files; empty if there are none.
    """
    order = torch.argsort(losses, descending=True, stable=True)[:WORST].tolist()
    return [
        {"image": row, "file": files[row] if files else None, "loss": losses[row].item()}
        for row in order
    ]


def details(
    logits: Tensor,
    labels: Tensor,
    task: Labelling,
    classes: Sequence[str],
    files: Sequence[str] = (),
) -> dict[str, Any]:
    """Everything about a test that its images' logits say.

    Args:
        logits: float32 (N, classes).
        labels: as the task has them.
        task: the task.
        classes: their names.
        files: the N files; empty if there are none.

    Returns:
        Plain data. `per_class`: for each class its `name` and what `Labelling.per_class` has.
        `confusion`, as `Labelling.confusion`, and `confusions`, the most frequent ones: `label`,
        `answer`, `images` and their `share` of the label's images. `calibration`
        (`dada.tasks.calibration`). `worst`, as from `worst`, each with its `label`, the `answer`
        and the `probability` that the network gave this answer.
    """
    confusion, columns = task.confusion(logits, labels), task.per_class(logits, labels)
    if "taken_for" in columns:
        names = [None if n is None else classes[n] for n in columns["taken_for"]]
        columns = {**columns, "taken_for": names}
    return {
        "per_class": per_class(columns, classes),
        "confusion": None if confusion is None else confusion.tolist(),
        "confusions": [] if confusion is None else _confusions(confusion, classes),
        "calibration": calibration(logits, labels, task),
        "worst": _worst(logits, labels, task, classes, files),
    }


def _confusions(confusion: Tensor, classes: Sequence[str]) -> list[dict[str, Any]]:
    """The most frequent ones first; of equal ones those of the smaller class."""
    wrong, sizes = confusion - confusion.diagonal().diag(), confusion.sum(1)
    cells = [(wrong[i, j].item(), i, j) for i, j in wrong.nonzero().tolist()]
    cells.sort(key=lambda cell: (-cell[0], sizes[cell[1]].item(), cell[1:]))
    return [
        {
            "label": classes[i],
            "answer": classes[j],
            "images": images,
            "share": images / sizes[i].item(),
        }
        for images, i, j in cells[:_CONFUSIONS]
    ]


def _worst(
    logits: Tensor, labels: Tensor, task: Labelling, classes: Sequence[str], files: Sequence[str]
) -> list[dict[str, Any]]:
    answers = task.answers(logits)
    # With several labels an answer is right only as a whole: the product, as if independent.
    sure = task.confidence(logits).reshape(len(logits), -1).prod(1)
    return [
        {
            **one,
            "label": task.in_words(labels[one["image"]], classes),
            "answer": task.in_words(answers[one["image"]], classes),
            "probability": sure[one["image"]].item(),
        }
        for one in worst(task.loss(labels)(logits, labels), files)
    ]

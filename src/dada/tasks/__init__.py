"""What networks are trained for: each task is one file, and one entry in `TASKS`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from torch import Tensor

from dada.errors import UserError
from dada.tasks.classification import Classification
from dada.tasks.detection import Detection
from dada.tasks.instances import Instances
from dada.tasks.labelling import Labelling
from dada.tasks.metric import Metric
from dada.tasks.multilabel import Multilabel
from dada.tasks.packed import PackedMaps
from dada.tasks.segmentation import Segmentation
from dada.tasks.task import Task

__all__ = [
    "TARGETS",
    "TASKS",
    "Classification",
    "Detection",
    "Instances",
    "Labelling",
    "Metric",
    "Multilabel",
    "Segmentation",
    "Task",
    "metric_recorded",
    "task_of",
    "task_recorded",
]

TASKS: tuple[Task, ...] = (
    Classification(),
    Multilabel(),
    Segmentation(),
    Detection(),
    Instances(),
)

TARGETS = ", or ".join(task.targets for task in TASKS)
"""What labels may be, in messages."""


def task_of(labels: Tensor | np.ndarray | PackedMaps) -> Task:
    """The task that labels are for, by their shape and type: the one place that looks at them.

    Raises:
        UserError: no task has such labels.

    Examples:
        >>> import torch
        >>> task_of(torch.tensor([0, 2, 1])).name
        'classification'
        >>> task_of(torch.tensor([[0.0, 1.0], [1.0, 1.0]])).name
        'multilabel'
    """
    for task in TASKS:
        if task.fits(labels):
            return task
    kind = f"{labels.dtype} {tuple(labels.shape)}".removeprefix("torch.")
    raise UserError(f"labels are {kind}: must be {TARGETS}")


def task_recorded(data: Mapping[str, Any]) -> Task | None:
    """The task of a run's data or of a comparison, from its file; None if an old file has none."""
    for task in TASKS:
        if all(data.get(name) == value for name, value in task.recorded.items()):
            return task
    return None


def metric_recorded(data: Mapping[str, Any]) -> Metric:
    """The metric of a run's data or of a comparison, from its file."""
    return (task_recorded(data) or TASKS[0]).metric

"""What a network gets wrong on images that it has not seen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from dada.augment import Pipeline
from dada.augment.feed import Feed, feed
from dada.datasets import Dataset, FileDataset, open_images
from dada.errors import UserError
from dada.models import create
from dada.models.child import Child, usual_loss
from dada.models.device import best_precision, pick_device
from dada.processes import ALONE, Processes
from dada.runs import RunFolder
from dada.searching.common import pipeline_for
from dada.training.settings import TrainSettings

WEIGHTS = {"last": "last.pt", "best": "best.pt"}
"""The files of a training's weights. "best" is chosen on the test images, as published code does,
so its error there is no honest figure."""

_BATCH = 512


def measure(
    child: Child, images: Feed, pipeline: Pipeline, classes: int, processes: Processes = ALONE
) -> dict[str, Any]:
    """Test a network.

    Args:
        images: the test images, or this process's part of them.
        classes: how many there are.

    Returns:
        As plain data: `test_images`; mean cross-entropy `test_loss`; and, in [0, 1], `test_error`
        (top-1), `test_error_top5` (None for up to five classes) and `class_errors`, one for each
        class, None for a class without images. Where images have several labels: mean binary
        cross-entropy, the share of wrong labels, None, and each label's share.
    """
    several = images.labels.ndim == 2
    found = torch.zeros(4, classes, dtype=torch.float64, device=child.device)
    for seen, labels in images.plain(_BATCH):
        logits = child.logits(pipeline.normalise(seen))
        found += (_of_several if several else _of_one)(logits, labels)
    found = processes.sum(found).cpu()
    count, first, five, loss = found.sum(1).tolist()
    return {
        "test_images": int(count) // (classes if several else 1),
        "test_loss": loss / count,
        "test_error": 1 - first / count,
        "test_error_top5": 1 - five / count if classes > 5 and not several else None,
        "class_errors": [
            1 - right / images if images else None for images, right in found[:2].T.tolist()
        ],
    }


def _of_one(logits: Tensor, labels: Tensor) -> Tensor:
    """(4, classes): images of the class, found first, found among five, and their loss."""
    leading = logits.topk(min(5, logits.shape[1])).indices == labels[:, None]
    losses = usual_loss(labels)(logits, labels)
    each = torch.stack([torch.ones_like(losses), leading[:, 0], leading.any(1), losses]).double()
    return each.new_zeros(4, logits.shape[1]).index_add_(1, labels, each)


def _of_several(logits: Tensor, labels: Tensor) -> Tensor:
    """(4, labels): images, right answers twice, and the label's loss."""
    right = ((logits > 0) == (labels > 0.5)).double()
    losses = binary_cross_entropy_with_logits(logits, labels, reduction="none").double()
    return torch.stack([torch.ones_like(right), right, right, losses]).sum(1)


def evaluate(
    run: str | Path,
    data: str | Path | Dataset | FileDataset | None = None,
    *,
    weights: str = "last",
    model: nn.Module | None = None,
    device: str = "auto",
    side: int | None = None,
    root: str | Path | None = None,
) -> dict[str, Any]:
    """Test the network of a training's run folder.

    Args:
        run: the folder.
        data: as in `dada.search`: the error is of its test images. None is the data that the
            network was trained on.
        weights: "last" or "best".
        model: the network, where the training was of a module and not of a name.

    Returns:
        As `measure`, with the names of the `classes`.

    Raises:
        UserError: there is no training in the folder, or the data do not fit its network.
    """
    if weights not in WEIGHTS:
        raise UserError(f"weights {weights!r}: must be last or best")
    folder, where = RunFolder.open(run), pick_device(device)
    about, settings = _trained_on(folder)
    given = data if data is not None else about["source"]
    if not given:
        raise UserError(f"{folder.path}: its data came from Python: name the data")
    if not isinstance(given, Dataset | FileDataset):
        given = open_images(given, side or about["side"][0], root)
    for what, here in (("classes", len(given.classes)), ("channels", given.channels)):
        there = about[what] if what == "channels" else len(about[what])
        if here != there:
            raise UserError(
                f"{given.name} has {here} {what}, but the network of {folder.path} is for {there}"
            )
    assert settings.model is not None
    network = model or create(settings.model, len(given.classes), given.channels)
    try:
        network.load_state_dict(folder.load_tensors(WEIGHTS[weights]))
    except RuntimeError:
        raise UserError(f"{folder.path / WEIGHTS[weights]}: weights of another network") from None
    child = Child(network, where, best_precision(where, settings.precision))
    pipeline = pipeline_for(settings, max(given.side))
    images = feed(given.test, pipeline, where)
    found = measure(child, images, pipeline, len(given.classes))
    return {**found, "classes": list(given.classes)}


def _trained_on(folder: RunFolder) -> tuple[dict[str, Any], TrainSettings]:
    """What the run says of its data, and its settings."""
    config = folder.config
    if config.get("kind") != "train":
        raise UserError(f"{folder.path}: a run of {config.get('kind')!r}: must be of dada train")
    try:
        return config["data"], TrainSettings(**config["settings"])
    except (KeyError, TypeError, ValueError):
        raise UserError(f"{folder.path}: its config.json is damaged") from None

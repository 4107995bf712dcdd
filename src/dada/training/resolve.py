"""Resolve from the data what the settings of a training leave open."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dada.datasets import (
    PAPER_REDUCED,
    Dataset,
    FileDataset,
    channels_in_words,
    size_with_shares,
)
from dada.errors import UserError
from dada.models.pretrained import Statistics, for_channels, statistics_of, weights_of
from dada.runs.provenance import fingerprint
from dada.training.backbone import backbone_at


def usual_images(name: str) -> int:
    """The largest number of training images used of a set, unless it is given."""
    return PAPER_REDUCED.get(name, 4000)


def resolved(
    settings: Mapping[str, Any], dataset: Dataset | FileDataset, accelerated: bool
) -> dict[str, Any]:
    """The settings with what is missing or None replaced by what suits the data.

    Args:
        settings: by name.
        dataset: the data.
        accelerated: whether a GPU will do the work, which affords a larger network.

    Raises:
        UserError: there are too few images.
    """
    large, shorter = dataset.name == "imagenet", min(dataset.side)
    weights, task = settings.get("weights"), dataset.task
    usual = task.pretrained if weights else task.network(max(dataset.side), accelerated)
    model = settings.get("model") or usual
    if weights:
        settings = _pretrained(settings, model, weights, dataset.channels, accelerated)
    if backbone := settings.get("backbone"):
        settings = _with_backbone(settings, model, backbone, dataset.channels)
    guesses: dict[str, Any] = {
        "images": usual_images(dataset.name),
        "model": model,
        "crop": "resized" if large or weights else "padded",
        "padding": shorter // 8,  # 4 of 32 in the paper
        "flip": dataset.flip,
        "jitter": 0.4 if large else 0.0,
        "lighting": 0.1 if large else 0.0,
    }
    if settings.get("mean") is None or settings.get("std") is None:
        mean, std = dataset.statistics()
        guesses |= {"mean": mean, "std": std}
    filled = {**settings, **{k: v for k, v in guesses.items() if settings.get(k) is None}}
    filled["images"] = size_with_shares(dataset.train.labels, filled["images"])
    if filled["images"] < 4:
        raise UserError(f"{dataset.name}: {len(dataset.train)} training images: at least 4 needed")
    dataset.task.check_test(dataset.test.labels, f"{dataset.name}: test images")
    if filled["lighting"] and dataset.channels != 3:
        kind = channels_in_words(dataset.channels)
        raise UserError(f"lighting is for colour images; {dataset.name} is {kind}: set it to 0")
    if filled.get("pixels"):  # trials see shrunk images
        shorter = min(size_within(dataset.side, filled["pixels"]))
    for name in ("padding", "cutout"):
        if filled.get(name, 0) >= max(1, shorter):
            raise UserError(
                f"{name} {filled[name]} can leave nothing of the images of {dataset.name}: must "
                f"be below their side, {shorter} pixels"
            )
    for name in ("mean", "std"):
        if len(filled[name]) != dataset.channels:
            raise UserError(
                f"{name} {filled[name]}: must be {dataset.channels}, one for each channel of "
                f"{dataset.name}"
            )
    return filled


def _pretrained(
    settings: Mapping[str, Any], model: str, weights: str, channels: int, accelerated: bool
) -> dict[str, Any]:
    """The settings with what pre-trained weights decide: they see images as they were trained to.

    Raises:
        UserError: there are no such weights, or others than the run began with.
    """
    found = fingerprint(*weights_of(model, weights).values())
    if settings.get("weights_fingerprint") not in (None, found):
        raise UserError(f"weights {weights}: not those that the run was started with")
    decided = _seen_as(statistics_of(model), {**settings, "weights_fingerprint": found}, channels)
    if settings.get("precision", "auto") == "auto" and not accelerated:
        # On a CPU, depthwise convolutions take twice as long in bfloat16.
        decided["precision"] = "float32"
    return decided


def _with_backbone(
    settings: Mapping[str, Any], model: str, backbone: str, channels: int
) -> dict[str, Any]:
    """The settings with what a backbone's weights decide: it sees images as it was trained to.

    Raises:
        UserError: there are no such weights, or others than the run began with.
    """
    found = backbone_at(backbone)
    if settings.get("backbone_fingerprint") not in (None, found.fingerprint):
        raise UserError(f"backbone {backbone}: not the weights that the run was started with")
    decided = {**settings, "backbone_fingerprint": found.fingerprint}
    return _seen_as(found.statistics or statistics_of(model), decided, channels)


def _seen_as(known: Statistics | None, settings: dict[str, Any], channels: int) -> dict[str, Any]:
    """The settings with what weights were trained to see images as, if that is known and the user
    sets neither mean nor deviation."""
    if known and settings.get("mean") is None and settings.get("std") is None:
        return settings | for_channels(known, channels)._asdict()
    return settings


def size_within(size: tuple[int, int], pixels: int) -> tuple[int, int]:
    """Height and width, in pixels, scaled so that the longer side is at most `pixels`."""
    factor = min(1.0, pixels / max(size))
    height, width = (max(1, round(factor * side)) for side in size)
    return height, width

"""The settings that the paper's published scripts have for a data set."""

from __future__ import annotations

from typing import Any

from dada.datasets import Dataset

NORMALISED = {"mean": (0.4914, 0.4822, 0.4465), "std": (0.2023, 0.1994, 0.2010)}
"""The published scripts' normalisation, for every set but ImageNet."""

# As the published scripts have it; some of the published policies' names say otherwise: a learning
# rate of 0.025 for CIFAR-100, a Cutout of 20 for SVHN and of 0 for ImageNet.
PAPER_BY_DATASET: dict[str, dict[str, Any]] = {
    "cifar100": {"batch": 32, "weight_decay": 5e-4},
    "svhn": {"model": "wrn-28-10", "batch": 32, "lr": 0.00125, "weight_decay": 1e-3},
    "imagenet": {"model": "resnet50", "batch": 32, "lr": 0.00125, "weight_decay": 1e-4}
    | {"cutout": 16, "mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)},
}


def by_dataset(dataset: Dataset) -> dict[str, Any]:
    """What suits the data with the preset "paper": settings by name."""
    normalised = NORMALISED if dataset.channels == 3 else {}
    usual = {"model": "wrn-40-2", "batch": 128, "cutout": paper_cutout(min(dataset.side))}
    return {**usual, **normalised, **PAPER_BY_DATASET.get(dataset.name, {})}


def paper_cutout(side: int) -> int:
    """Side of the paper's Cutout, 16 of 32 pixels, for images of 24 to 64; 0 for all others."""
    return side // 2 if 24 <= side <= 64 else 0

"""What a search chose for its user, and why: a note each."""

from __future__ import annotations

import torch
from torch import Tensor

from dada.compute.device import best_precision
from dada.datasets import Dataset, channels_in_words
from dada.policy import PAPER_OPERATIONS, effective
from dada.report.numbers import count
from dada.searching.settings import Settings

_FEW_STEPS = 100  # about so many move a policy visibly from the uniform one
FEWEST_OF_A_TRIAL = 20  # epochs, for it not to be short


def choices(
    asked: Settings, chosen: Settings, dataset: Dataset, device: torch.device
) -> tuple[str, ...]:
    """Notes on what the user left open; how they could have it otherwise.

    Args:
        asked: the settings as they were given.
        chosen: complete (`for_dataset`), before a budget changes them.
    """
    notes = left_out(asked.operations or PAPER_OPERATIONS, dataset.channels)
    size = f"{dataset.side[1]} × {dataset.side[0]} pixels"
    if asked.model is None and asked.horizon == "training":
        note = f"trials of {chosen.model}, a small network that learns fast; --model tries another"
        notes += (note,)
        shown = max(dataset.side)
        if asked.pixels is None and (chosen.pixels or shown) < shown:
            notes += (f"trials see images at {chosen.pixels} pixels; --set pixels= changes it",)
    elif asked.model is None and asked.preset != "paper":
        where = "a CPU" if device.type == "cpu" else "a GPU"
        notes += (f"network {chosen.model}, for images of {size} on {where}; --model changes it",)
    refined = asked.precision == "auto" and chosen.precision == "float32"
    if refined and best_precision(device) != torch.float32:
        notes += (
            "float32: bfloat16, faster here, rounds finite differences away; "
            "--set hypergradient=exact does without them",
        )
    images = chosen.images or 0
    if asked.images is None and images < len(dataset.all_labels):
        used = f"at most {images:,} of {len(dataset.all_labels):,} training images are used"
        notes += (f"{used}; --images changes it",)
    return notes


def left_out(operations: tuple[str, ...], channels: int) -> tuple[str, ...]:
    """A note on the operations that change no images of so many channels; none if all do."""
    kept = effective(operations, channels)
    names = ", ".join(name for name in operations if name not in kept)
    kind = channels_in_words(channels)
    return (f"{names} left out of the search space: no change to {kind} images",) if names else ()


def unseen_classes(labels: Tensor, dataset: Dataset) -> tuple[str, ...]:
    """A note on the classes that a search is without, as too few of their images are chosen.

    Args:
        labels: of the images that are searched on.
    """
    known, searched = (dataset.task.strata(part) for part in (dataset.all_labels, labels))
    if known is None or searched is None:
        return ()
    missing = set(known.tolist()) - set(searched.tolist())
    names = ", ".join(f"'{dataset.classes[label]}'" for label in sorted(missing))
    return (f"too few images to search on class {names}; --images takes more",) if names else ()


def few_steps(steps: int) -> tuple[str, ...]:
    """A note where a search is too short to find much; else none."""
    if steps >= _FEW_STEPS:
        return ()
    return (
        f"{steps} steps in all move a policy little from the uniform one; more time, --epochs or "
        "images, or a smaller --batch, make more steps",
    )


def short_trials(epochs: int) -> tuple[str, ...]:
    """A note where trainings are too short to show what augmentation gives; else none."""
    if epochs >= FEWEST_OF_A_TRIAL:
        return ()
    return (
        f"trials of {count(epochs, 'epoch')} are short: what augmentation gives shows late in a "
        "training; more time, or --epochs, makes them longer",
    )

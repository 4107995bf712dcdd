"""Notes on what a search chose for its user, and why."""

from __future__ import annotations

import torch
from torch import Tensor

from dada.datasets import Dataset, channels_in_words
from dada.errors import option
from dada.policy import PAPER_OPERATIONS, effective
from dada.searching.common_settings import ResolvedSearch, SearchSettings
from dada.searching.settings import method_for


def choices(
    asked: SearchSettings, chosen: ResolvedSearch, dataset: Dataset, device: torch.device
) -> tuple[str, ...]:
    """Notes on what the user left open, and how to change it.

    Args:
        asked: the settings as given.
        chosen: the settings resolved, before a budget changes them.
    """
    notes = left_out(asked.operations or PAPER_OPERATIONS, dataset.channels)
    notes += method_for(chosen.model_dump()).notes(asked, chosen, dataset, device)
    if asked.images is None and chosen.images < len(dataset.all_labels):
        used = f"at most {chosen.images:,} of {len(dataset.all_labels):,} training images are used"
        notes += (f"{used}; {option('images')} changes it",)
    return notes


def left_out(operations: tuple[str, ...], channels: int) -> tuple[str, ...]:
    """A note on operations that cannot change images with this many channels; none if all can."""
    kept = effective(operations, channels)
    names = ", ".join(name for name in operations if name not in kept)
    kind = channels_in_words(channels)
    return (f"{names} left out of the search space: no change to {kind} images",) if names else ()


def unseen_classes(labels: Tensor, dataset: Dataset) -> tuple[str, ...]:
    """A note on classes that the search does not see, as too few images were chosen.

    Args:
        labels: those of the images that the search uses.
    """
    known, searched = (dataset.task.strata(part) for part in (dataset.all_labels, labels))
    if known is None or searched is None:
        return ()
    missing = set(known.tolist()) - set(searched.tolist())
    names = ", ".join(f"'{dataset.classes[label]}'" for label in sorted(missing))
    if not names:
        return ()
    return (f"too few images to search on class {names}; {option('images')} takes more",)

"""What a search costs, in child-epochs, known from its settings before it is run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from dada.datasets import Dataset
from dada.searching import make_settings
from dada.searching.method import SearchMethod
from dada.searching.methods.dada.one_step.method import OneStep
from dada.searching.methods.fast_autoaugment.method import FastAutoAugmentMethod
from dada.searching.methods.faster_autoaugment.method import FasterAutoAugmentMethod
from dada.searching.methods.pba.method import PbaMethod
from dada.searching.problem import begin, problem_of
from dada.searching.rounds import Rounds

CHILD_EPOCH = 500
"""Images of a child-epoch: those of a training of the yardstick."""
LEARNING = 3
"""Forward passes that learning from an image takes: a backward pass is two of them."""
ONE_STEP = 5
"""Passes per image of a search and epoch. The training and the validation gradient are one half of
the images' each, 3 + 3, and the finite difference is two forward passes of the first half with
derivatives in the images, 2 × 2."""
ADVERSARIAL = 7
"""Passes per image of a search and epoch. For each half of a batch: original and augmented images,
3 + 3; the penalty on the slope, a forward and a backward pass in the images, both differentiated
again, 2 × 3; the policy's step, a forward and a backward pass in the images, 2."""


def cost_of(settings: Mapping[str, Any], data: Dataset) -> float:
    """The child-epochs of a search.

    Args:
        settings: of `dada.search`.
        data: what it would search on.

    Raises:
        UserError: the settings are wrong, or a library is missing.
    """
    chosen = make_settings(**settings).resolve(data)
    device = torch.device("cpu")
    with torch.random.fork_rng(devices=[]):
        search = begin(chosen, problem_of(chosen, data, None, device))
    return _passes(search) / LEARNING / CHILD_EPOCH


def _passes(search: SearchMethod) -> float:
    """Forward passes of single images."""
    match search:
        case Rounds():
            return sum(
                LEARNING * search.views(number) + size * len(search.fold_of(number).judges)
                for number, size in enumerate(search.sizes)
            )
        case PbaMethod():
            learnt = search.epochs * len(search.fold.train)
            judged = search.length * len(search.fold.judges)
            return search.settings.trials * (LEARNING * learnt + judged)
        case FastAutoAugmentMethod():
            epochs, *trials = search.plan
            tried = 1 + sum(trials) * search.settings.size
            return sum(
                LEARNING * epochs * len(fold.train) + tried * len(fold.judges)
                for fold in search.folds
            )
        case FasterAutoAugmentMethod():
            return ADVERSARIAL * search.length * len(search.images)
        case OneStep():
            return ONE_STEP * search.length * len(search.problem.images)
    raise NotImplementedError(f"the cost of method {search.name}")

"""What a search costs, in child-epochs, known from its settings before it is run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from dada.datasets import Dataset
from dada.searching import make_settings
from dada.searching.method import LEARNING
from dada.searching.problem import begin, problem_of

CHILD_EPOCH = 500
"""Images of a child-epoch: those of a training of the yardstick."""


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
    return search.passes / LEARNING / CHILD_EPOCH

"""PyTorch's threads on a CPU: a single one for a small network."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

SMALL = 200_000
"""Parameters of a network that is trained on one thread, at most: a WRN-16-1 has 175,000. Its
kernels are so short that two threads wait for each other longer than they work."""


def is_small(network: nn.Module) -> bool:
    """Whether a second thread is of no use to the network on a CPU, however large its batches."""
    return parameter_count(network) <= SMALL


def parameter_count(network: nn.Module) -> int:
    """How many numbers the network learns."""
    return sum(parameter.numel() for parameter in network.parameters())


@contextmanager
def threads_for(network: nn.Module, device: torch.device) -> Iterator[None]:
    """One thread while a small network is trained on a CPU; the process's own number otherwise.

    With one thread, sums are added up in the same order on any machine.
    """
    before = torch.get_num_threads()
    if device.type == "cpu" and is_small(network):
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)

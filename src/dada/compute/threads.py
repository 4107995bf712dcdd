"""PyTorch's threads on a CPU: one for a small network."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

SMALL = 200_000
"""The most parameters of a network that is trained on one thread; a WRN-16-1 has 175,000. Its
kernels are so short that two threads wait for each other longer than they work."""


def is_small(network: nn.Module) -> bool:
    """Whether a second thread would not speed up the network on a CPU, whatever its batch."""
    return parameter_count(network) <= SMALL


def parameter_count(network: nn.Module) -> int:
    """Number of the network's parameters."""
    return sum(parameter.numel() for parameter in network.parameters())


@contextmanager
def threads_for(network: nn.Module, device: torch.device) -> Iterator[None]:
    """A context with one thread for a small network on a CPU; for any other nothing changes.

    With one thread, sums are added up in the same order on any machine.
    """
    before = torch.get_num_threads()
    if device.type == "cpu" and is_small(network):
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)

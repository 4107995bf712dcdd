"""Seeds, and the states of the generators that a job draws from: its own and PyTorch's."""

from __future__ import annotations

from contextlib import AbstractContextManager

import numpy as np
import torch
from torch import Tensor


def stream(seed: int, number: int) -> int:
    """A seed for one of several independent streams of random numbers.

    Adding the number would not do: PyTorch's CPU generator uses only the lower 32 bits of a seed.

    Args:
        seed: the seed of all streams, at least 0.
        number: the stream, from 0.

    Returns:
        A 64-bit seed (NumPy's `SeedSequence`).
    """
    mixed = np.random.SeedSequence(seed, spawn_key=(number,))
    return int(mixed.generate_state(1, np.uint64)[0])


def forked(device: torch.device) -> AbstractContextManager[None]:
    """A context that leaves the global generators, the device's included, as it found them."""
    return torch.random.fork_rng(devices=[device] if device.type == "cuda" else [])


def random_state(generator: torch.Generator, device: torch.device) -> list[Tensor]:
    """The states of a CPU generator, of the global one and of the device's."""
    on_gpu = [torch.cuda.get_rng_state(device)] if device.type == "cuda" else []
    return [generator.get_state(), torch.get_rng_state(), *on_gpu]


def restore_random_state(
    state: list[Tensor], generator: torch.Generator, device: torch.device
) -> None:
    """Continue from a `random_state`."""
    generator.set_state(state[0])
    torch.set_rng_state(state[1])
    if device.type == "cuda":
        torch.cuda.set_rng_state(state[2], device)

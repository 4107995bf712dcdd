"""User transforms around the policy: applied image by image, each under its own seed."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from dada.errors import UserError

Transform = Callable[[Tensor], Tensor]
"""Maps uint8 (C, H, W) on the CPU to the same, as torchvision v2 transforms do."""


@dataclass(frozen=True)
class OwnTransform:
    """A user transform with fixed seeds for B images: each call does the same to them.

    Attributes:
        transform: the user's transform. Its draws from the global generators of PyTorch (on the
            CPU), NumPy and `random` follow the seeds; a generator of its own does not.
        seeds: (B,) int64 in [0, 2³²).
        name: for error messages.
    """

    transform: Transform
    seeds: Tensor
    name: str

    def __call__(self, images: Tensor) -> Tensor:
        """Transform uint8 (B, C, H, W), on any device, into the same; the input is not modified.

        Raises:
            UserError: the transform returns another type or shape than it was given.
        """
        with _global_generators_kept():
            pairs = zip(images.cpu(), self.seeds.tolist(), strict=True)
            done = [self._one(image, seed) for image, seed in pairs]
        return torch.stack(done).to(images.device)

    def _one(self, image: Tensor, seed: int) -> Tensor:
        torch.default_generator.manual_seed(seed)  # torch.manual_seed would reach GPUs as well
        np.random.seed(seed)
        random.seed(seed)
        # A copy, since some transforms work in place.
        result = self.transform(image.clone())
        expected, got = _described(image), _described(result)
        if got != expected:
            raise UserError(
                f"{self.name}: returned {got} for {expected}: must return the same type and shape"
            )
        return result.as_subclass(Tensor)


def draw_own(
    name: str, transform: Transform, count: int, generator: torch.Generator, views: int = 1
) -> OwnTransform:
    """Draw a seed for each of `count` images; all `views` of an image share it."""
    seeds = torch.randint(2**32, (count,), generator=generator)
    return OwnTransform(transform, seeds.repeat(views), name)


def _described(image: object) -> str:
    if not isinstance(image, Tensor):
        return type(image).__name__
    return f"{str(image.dtype).removeprefix('torch.')} {tuple(image.shape)}"


@contextmanager
def _global_generators_kept() -> Iterator[None]:
    states = np.random.get_state(), random.getstate()
    try:
        with torch.random.fork_rng(devices=[]):
            yield
    finally:
        np.random.set_state(states[0])
        random.setstate(states[1])

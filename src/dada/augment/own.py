"""A transform of the user's own beside the policy: image by image, each under a seed of its own."""

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
"""uint8 (C, H, W) on the CPU to the same; a torchvision v2 transform is one."""


@dataclass(frozen=True)
class OwnTransform:
    """A transform drawn for B images: it does the same to them however often it is applied.

    Attributes:
        transform: the user's. What it draws from the global generators of PyTorch (on the CPU),
            NumPy or `random` follows the seeds; a generator of its own does not.
        seeds: (B,) int64 in [0, 2³²).
        name: what error messages call it.
    """

    transform: Transform
    seeds: Tensor
    name: str

    def __call__(self, images: Tensor) -> Tensor:
        """uint8 (B, C, H, W) in and out, on any device; the images are left as they are.

        Raises:
            UserError: the transform gives something else than it got.
        """
        with _global_generators_kept():
            pairs = zip(images.cpu(), self.seeds.tolist(), strict=True)
            done = [self._one(image, seed) for image, seed in pairs]
        return torch.stack(done).to(images.device)

    def _one(self, image: Tensor, seed: int) -> Tensor:
        torch.default_generator.manual_seed(seed)  # torch.manual_seed would reach GPUs as well
        np.random.seed(seed)
        random.seed(seed)
        # A copy, because some transforms work in place.
        result = self.transform(image.clone())
        expected, got = _described(image), _described(result)
        if got != expected:
            raise UserError(f"{self.name}: gave {got} for {expected}: it must give the same kind")
        return result.as_subclass(Tensor)


def draw_own(
    name: str, transform: Transform, count: int, generator: torch.Generator, views: int = 1
) -> OwnTransform:
    """A seed for each of `count` images; all `views` of an image share it."""
    seeds = torch.randint(2**32, (count,), generator=generator)
    return OwnTransform(transform, seeds.repeat(views), name)


def _described(image: object) -> str:
    if not isinstance(image, Tensor):
        return f"a {type(image).__name__}"
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

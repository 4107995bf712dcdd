"""Kernels in two steps, so that operations that share the second one run together."""

from __future__ import annotations

from collections.abc import Callable
from functools import update_wrapper

from torch import Tensor


class TwoStep:
    """A kernel that works out parameters for each image and hands them to a shared second step.

    With small batches most of the time goes into starting computations. `dada.augment.apply`
    therefore calls a second step once for all images whose operations share it: ShearX to Rotate
    are one gather of pixels, Invert to Contrast one look-up in tables.

    Args:
        prepare: ``(images, values) -> parameters``, whose row i depends on row i of both alone.
        finish: ``(images, parameters) -> images``, row by row likewise.
    """

    def __init__(
        self,
        prepare: Callable[[Tensor, Tensor], Tensor],
        finish: Callable[[Tensor, Tensor], Tensor],
    ) -> None:
        update_wrapper(self, prepare)
        self.prepare = prepare
        self.finish = finish

    def __call__(self, images: Tensor, values: Tensor) -> Tensor:
        """Both steps, as a kernel of one operation."""
        return self.finish(images, self.prepare(images, values))

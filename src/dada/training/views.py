"""N views of every batch: the same images under each of N augmentations, one after the other."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from dada.augment.bank import Bank
from dada.augment.loader import Augment, Batches
from dada.augment.motion import Motion


def each(augments: Sequence[Augment]) -> Augment:
    """One augmentation that maps uint8 (B, C, H, W) to N views of it, (N·B, C, H, W).

    Args:
        augments: they must draw from generators of their own: what follows the policy is to be the
            same in all views, however many numbers a policy takes.

    Examples:
        >>> import torch
        >>> both = each([lambda images, _: images, lambda images, _: 255 - images])
        >>> both(torch.zeros(1, 1, 1, 1, dtype=torch.uint8), torch.Generator()).flatten()
        tensor([  0, 255], dtype=torch.uint8)
    """

    def augment(images: Tensor, generator: torch.Generator, motion: Motion | None = None) -> Tensor:
        if motion is not None:
            raise ValueError("views side by side share their labels, which then cannot move")
        before = generator.get_state()
        views = torch.cat([augment(images, generator) for augment in augments])
        if not torch.equal(generator.get_state(), before):
            raise ValueError("augmentations side by side must draw from generators of their own")
        return views

    return augment


class JoinedBanks:
    """N banks of the same images as one `Loader`, whose batches have N views of B images.

    Args:
        banks: one per augmentation.
    """

    def __init__(self, banks: Sequence[Bank]) -> None:
        self.labels, self._banks = banks[0].labels, banks

    def __len__(self) -> int:
        return len(self.labels)

    def batches(
        self, rows: Sequence[Tensor], epoch: int, generator: torch.Generator | None = None
    ) -> Batches:
        """Images (N·B, C, H, W) with the labels of B; otherwise as `Bank.batches`."""
        for parts in zip(*(bank.batches(rows, epoch) for bank in self._banks), strict=True):
            yield torch.cat([images for images, _ in parts]), parts[0][1]

    def plain(self, size: int | None = None) -> Batches:
        """See `dada.augment.Loader.plain`: one view."""
        return self._banks[0].plain(size)

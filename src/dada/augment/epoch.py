"""The number of an epoch, where all processes of a data loader can read it."""

from __future__ import annotations

from typing import Any

import torch

from dada.errors import UserError


class Epoch:
    """A number in shared memory: workers that run already see what is set.

    A number that never changes stays in this process's memory.

    Args:
        started: whether it is 0 for good; otherwise it has to be set before it is read.

    Examples:
        >>> epoch = Epoch(started=False)
        >>> epoch.get()
        Traceback (most recent call last):
        dada.errors.UserError: the policy changes over the epochs: call set_epoch(epoch), ...
        >>> epoch.set(3)
        >>> epoch.get()
        3
    """

    def __init__(self, started: bool) -> None:
        self._number: torch.Tensor | None = None
        if not started:
            self._number = torch.full((), -1, dtype=torch.int64, device="cpu").share_memory_()

    def __setstate__(self, state: dict[str, Any]) -> None:
        """A copy has a number of its own; a worker that gets this object has the same one."""
        self.__dict__.update(state)
        if self._number is not None:
            self._number.share_memory_()

    def set(self, number: int) -> None:
        """Say which epoch begins, from 0."""
        if self._number is not None:
            self._number.fill_(number)

    def get(self) -> int:
        """The epoch, from 0.

        Raises:
            UserError: it has not been set.
        """
        number = 0 if self._number is None else int(self._number)
        if number < 0:
            raise UserError(
                "the policy changes over the epochs: call set_epoch(epoch), from 0, before each"
            )
        return number

"""The interface of engines, and the one that needs nothing installed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import TypeVar

import torch

from dada.compute.parallel import Tick, concurrency, run_parallel

Result = TypeVar("Result")


class Engine(ABC):
    """Runs independent pieces of work, such as trials.

    Which engine it is changes when a piece is done and where, and nothing else: a piece depends on
    its number and on what its function holds, has one thread where the network is small, and may
    be run again where it was lost.
    """

    @abstractmethod
    def concurrency(
        self, count: int, device: torch.device, *, pixels: int = 0, parameters: int = 0
    ) -> int:
        """How many of `count` pieces run at once, at least 1; arguments as in `run`."""

    @abstractmethod
    def run(
        self,
        count: int,
        work: Callable[[int, Tick], Result],
        device: torch.device,
        on_tick: Tick = lambda: None,
        *,
        pixels: int = 0,
        parameters: int = 0,
    ) -> Iterator[tuple[int, Result]]:
        """The results of `work` for 0, …, count − 1, each with its number, as they finish.

        Whoever stops listening ends the pieces that still run.

        Args:
            count: number of pieces.
            work: takes a number, and a function to call when a part of the piece is done. It and
                its result can be pickled; its changes in memory may be lost.
            device: where a piece computes.
            on_tick: called in this process as often as pieces call theirs.
            pixels: number in a batch, for the memory that a piece takes.
            parameters: number in the network.

        Raises:
            UserError: a piece cannot be run.
            Exception: the work's own.
        """

    def words(self) -> str:
        """Where the pieces run, for people; "" for this machine."""
        return ""

    def incidents(self) -> str:
        """What went wrong since this was last asked, and was mended, in one line; "" for nothing.

        Examples:
            >>> LOCAL.incidents()
            ''
        """
        return ""

    def __reduce__(self) -> tuple[Callable[[], Engine], tuple[()]]:
        """A piece that is sent elsewhere, and has pieces of its own, runs them there."""
        return _local, ()


class Local(Engine):
    """This process or, on a CPU, one process per thread (`dada.compute.parallel`)."""

    def concurrency(
        self, count: int, device: torch.device, *, pixels: int = 0, parameters: int = 0
    ) -> int:
        """See `Engine`."""
        return concurrency(count, device, pixels, parameters)

    def run(
        self,
        count: int,
        work: Callable[[int, Tick], Result],
        device: torch.device,
        on_tick: Tick = lambda: None,
        *,
        pixels: int = 0,
        parameters: int = 0,
    ) -> Iterator[tuple[int, Result]]:
        """See `Engine`."""
        return run_parallel(count, work, device, on_tick, pixels=pixels, parameters=parameters)


LOCAL = Local()


def _local() -> Engine:
    return LOCAL

"""The work of a run, in a form that one loop can advance, save and resume."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

if TYPE_CHECKING:
    from dada.runs.folder import RunFolder

Record = dict[str, Any]
Tick = Callable[[], None]
Result = TypeVar("Result")
Part = tuple[int, float]
"""A part of a work: calls of `on_progress`, and how much work they are, in any one unit."""


class Work(ABC, Generic[Result]):
    """Work that advances by iterations, and what it writes into a run folder.

    A search (by rounds or epochs), a training (by epochs) and a comparison (by trainings) are
    works; `dada.runs.loop.run_loop` runs any of them to its end. With several processes each has a
    work of its own, and all call the same methods in the same order, except those that take a
    `RunFolder`: only the first process writes.

    Attributes:
        noun: what messages call it.
        event: the kind of event that records an iteration. If there are checkpoints, the record's
            entry of that name is the iteration's number, from 1.
        dataset: the data, with a `name`, `classes` and `task`.
        checkpointed: whether its state is saved; False if its records are all the state it needs.
    """

    noun: ClassVar[str]
    event: ClassVar[str] = "epoch"
    dataset: Any
    checkpointed: ClassVar[bool] = True

    @property
    @abstractmethod
    def iteration(self) -> int:
        """Iterations done."""

    @property
    @abstractmethod
    def length(self) -> int:
        """Iterations in all."""

    @property
    def ticks(self) -> tuple[int, int]:
        """Calls of `on_progress` in this process so far, earlier sessions included, and in all."""
        return self.iteration, self.length

    @property
    def settings(self) -> dict[str, Any]:
        """All settings, as plain data; none by default."""
        return {}

    def scalars(self, record: Record) -> tuple[int, dict[str, float]]:
        """The number of an iteration, and what a curve may show of it, by name."""
        number = record[self.event]
        numbers = {n: v for n, v in record.items() if type(v) in (int, float) and n != self.event}
        return number, numbers

    @property
    def parts(self) -> Sequence[Part]:
        """The work in order, in parts of equal steps, from which the time left follows."""
        _, total = self.ticks
        return [(total, float(total))]

    @abstractmethod
    def advance(self, on_progress: Tick) -> Record:
        """Do one iteration.

        Args:
            on_progress: called after each part of it.

        Returns:
            What happened, as plain data, with ``event`` and ``seconds``.

        Raises:
            DivergedError: a number is no longer finite.
        """

    @abstractmethod
    def state_dict(self) -> dict[str, Any]:
        """Everything that the next iteration depends on, as tensors and plain data."""

    @abstractmethod
    def load_state_dict(self, state: dict[str, Any], /) -> None:
        """Continue from a state; without checkpoints, from ``{"records": [...]}``."""

    def converged(self, records: Sequence[Record]) -> str | None:
        """Why to end after these iterations, before the last; None to continue."""

    def start(self, run: RunFolder) -> None:
        """Write what a run folder holds from the beginning."""

    def save(self, run: RunFolder, records: Sequence[Record]) -> Record:
        """Write the products of the last of these iterations; return what to add to its record.

        It is called before the record is written, so whatever is recorded has its products.
        """
        return {}

    @abstractmethod
    def finish(self, run: RunFolder | None, records: Sequence[Record]) -> Result:
        """The result of all iterations, written to the run if there is one.

        Args:
            run: None in all processes but the first, and without a run folder.
            records: those of all iterations.
        """

    def report(self, run: RunFolder) -> None:
        """Write the page, of what there is so far."""

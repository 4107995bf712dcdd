"""What a run reports to its caller as it proceeds."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from dada.runs.work import Work

AnyWork = TypeVar("AnyWork", bound=Work[Any])


class Callback(Generic[AnyWork]):
    """Called by a search, a training or a comparison as it proceeds; override any method.

    Of several processes only the first one calls it. Any exception that a method raises ends the
    run, which can be resumed; raise KeyboardInterrupt to stop it early.

    Examples:
        >>> class Errors(Callback):
        ...     def on_record(self, record):
        ...         print(record["epoch"], record.get("test_error"))
        >>> callback = Errors()  # dada.train(..., callback=callback)
        >>> callback.on_record({"epoch": 3, "test_error": 0.25})
        3 0.25
    """

    def on_start(self, work: AnyWork) -> None:
        """Everything is ready, and the first iteration is next.

        Args:
            work: the work in progress, with `iteration`, `length`, `ticks` and `dataset`; and
                `search` (`dada.searching`), `training` (`dada.training`) or `bench`
                (`dada.comparison`).
        """

    def on_progress(self) -> None:
        """A part of an iteration is done: a step, or an epoch of a trial."""

    def on_record(self, record: dict[str, Any]) -> None:
        """An iteration is over and saved.

        Args:
            record: its line in `events.jsonl`.
        """

    def on_converged(self, reason: str) -> None:
        """The run ends before its last iteration, for this reason."""

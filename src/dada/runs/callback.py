"""What a run reports to its caller as it proceeds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Generic, TypeVar

from dada.runs.work import Work

AnyWork_contra = TypeVar("AnyWork_contra", bound=Work[Any], contravariant=True)


class Callback(Generic[AnyWork_contra]):
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

    def on_start(self, work: AnyWork_contra) -> None:
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

    def on_end(self, error: BaseException | None) -> None:
        """The run is over, and its report written; or it ends with this error, or was stopped."""


class Callbacks(Callback[AnyWork_contra]):
    """Several callbacks as one: each is called in turn."""

    def __init__(self, callbacks: Sequence[Callback[AnyWork_contra]]) -> None:
        self._callbacks = callbacks

    def on_start(self, work: AnyWork_contra) -> None:
        """See `Callback`."""
        for callback in self._callbacks:
            callback.on_start(work)

    def on_progress(self) -> None:
        """See `Callback`."""
        for callback in self._callbacks:
            callback.on_progress()

    def on_record(self, record: dict[str, Any]) -> None:
        """See `Callback`."""
        for callback in self._callbacks:
            callback.on_record(record)

    def on_converged(self, reason: str) -> None:
        """See `Callback`."""
        for callback in self._callbacks:
            callback.on_converged(reason)

    def on_end(self, error: BaseException | None) -> None:
        """See `Callback`."""
        for callback in self._callbacks:
            callback.on_end(error)

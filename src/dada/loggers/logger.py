"""What a logger does: it is told of the numbers of a search, a training or a comparison."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

from dada.runs.callback import Callback
from dada.runs.work import Work


class Logger(Callback[Work[Any]]):
    """A callback that passes on numbers; a service of your own implements three methods.

    Examples:
        >>> class Printed(Logger):
        ...     def begin(self, name, settings):
        ...         print(name, settings["epochs"])
        ...
        ...     def log(self, step, values):
        ...         print(step, sorted(values))
        ...
        ...     def end(self, failed):
        ...         print("failed" if failed else "done")
        >>> import dada
        >>> _ = dada.train("digits", images=40, epochs=1, model="wrn-10-1", callback=Printed())
        training digits 1
        1 ['lr', 'seconds', 'test_error', 'test_error_top5', 'test_images', 'test_loss', 'train_loss']
        done
    """  # noqa: E501

    _work: Work[Any]

    @abstractmethod
    def begin(self, name: str, settings: Mapping[str, Any]) -> None:
        """A run begins, or goes on where it stood.

        Args:
            name: in words: "search my_photos".
            settings: all of them, as plain data.
        """

    @abstractmethod
    def log(self, step: int, values: Mapping[str, float]) -> None:
        """An iteration is over and saved.

        Args:
            step: its number: the epoch, the round, or a comparison's seed.
            values: numbers by name; a slash divides groups, such as ``test_error/uniform``.
        """

    @abstractmethod
    def end(self, failed: bool) -> None:
        """The run is over, or was stopped; called once."""

    def on_start(self, work: Work[Any]) -> None:
        """See `dada.Callback`."""
        self._work = work
        self.begin(f"{work.noun} {work.dataset.name}", work.settings)

    def on_record(self, record: dict[str, Any]) -> None:
        """See `dada.Callback`."""
        self.log(*self._work.scalars(record))

    def on_end(self, error: BaseException | None) -> None:
        """See `dada.Callback`."""
        self.end(error is not None)

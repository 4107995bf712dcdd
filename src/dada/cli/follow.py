"""What the command line prints of a run, for Python programs and notebooks."""

from __future__ import annotations

from typing import Any

from dada.cli.progress import CompareProgress, SearchProgress, TrainProgress
from dada.comparison import ComparisonWork
from dada.runs import Callback
from dada.runs.work import Work
from dada.searching import SearchWork
from dada.training import TrainingWork

_Shown = SearchProgress | CompareProgress | TrainProgress
_KINDS: dict[type[Work[Any]], type[_Shown]] = {
    SearchWork: SearchProgress,
    ComparisonWork: CompareProgress,
    TrainingWork: TrainProgress,
}


class Progress(Callback[Work[Any]]):
    """Prints what the command line prints: notes, results as they come, and the time left.

    In a terminal there is a bar; in a notebook a line with a bar, without terminal codes; and in a
    pipe or a log a line at least every half minute.

    Examples:
        >>> import dada
        >>> _ = dada.train(
        ...     "digits", images=40, epochs=1, model="wrn-10-1", callback=dada.Progress()
        ... )
        training wrn-10-1 on digits: 40 images, 1 epoch of 1 step, crop
        note: no test images found: 20 % of the images, chosen per class, are held out...
        epoch    1  training loss 2.3...
    """

    _shown: _Shown

    def on_start(self, work: Work[Any]) -> None:
        """See `dada.Callback`."""
        self._shown = next(shown for kind, shown in _KINDS.items() if isinstance(work, kind))()
        self._shown.on_start(work)  # type: ignore[arg-type]
        self._shown.__enter__()

    def on_progress(self) -> None:
        """See `dada.Callback`."""
        self._shown.on_progress()

    def on_record(self, record: dict[str, Any]) -> None:
        """See `dada.Callback`."""
        self._shown.on_record(record)

    def on_converged(self, reason: str) -> None:
        """See `dada.Callback`."""
        self._shown.on_converged(reason)

    def on_end(self, error: BaseException | None) -> None:
        """See `dada.Callback`."""
        self._shown.stop()

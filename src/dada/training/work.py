"""A training as a run: weights and a line of a table after each epoch, and tests."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

from dada.augment.loader import Loader
from dada.datasets import Dataset, FileDataset
from dada.files import replace_file
from dada.names import WEIGHTS
from dada.runs import RunFolder, Work
from dada.runs.work import Record, Tick
from dada.training.augmentations import Method
from dada.training.evaluate import measure
from dada.training.page import write_page
from dada.training.training import Training

METRICS, RESULT = "metrics.csv", "result.json"
COLUMNS = (
    *("epoch", "train_loss", "lr", "seconds"),
    *("test_images", "test_loss"),
)


class TrainingWork(Work[dict[str, Any]]):
    """A training that is tested and saved.

    Args:
        training: a new training.
        tested: this process's part of the test images.
        dataset: the data, with classes and task.
        method: the augmentation.
    """

    noun = "training"

    def __init__(
        self,
        training: Training,
        tested: Loader,
        dataset: Dataset | FileDataset,
        method: Method,
    ) -> None:
        self.training, self.tested, self.dataset = training, tested, dataset
        self.method = method
        self._measured: Record | None = None
        """What a test of the present weights gave; None if they have not been tested."""

    @property
    def settings(self) -> dict[str, Any]:
        """See `Work`."""
        return self.training.settings.model_dump(mode="json")

    @property
    def iteration(self) -> int:
        """See `Work`."""
        return self.training.epoch

    @property
    def length(self) -> int:
        """See `Work`."""
        return self.training.settings.epochs

    @property
    def ticks(self) -> tuple[int, int]:
        """Steps; see `Work`."""
        steps = self.training.steps_per_epoch
        return self.iteration * steps, self.length * steps

    def advance(self, on_progress: Tick) -> Record:
        """An epoch, and its test where one is due."""
        self._measured = None
        record = self.training.run_epoch(on_progress)
        if self.iteration % self.training.settings.test_every and self.iteration < self.length:
            return record
        self._measured = self._measure()
        return record | {n: v for n, v in self._measured.items() if not n.startswith("class_")}

    def _measure(self) -> Record:
        training, classes = self.training, len(self.dataset.classes)
        return measure(training.tested, self.tested, training.pipeline, classes, training.processes)

    def state_dict(self) -> dict[str, Any]:
        """See `Work`."""
        return self.training.state_dict()

    def load_state_dict(self, state: dict[str, Any], /) -> None:
        """See `Work`."""
        self.training.load_state_dict(state)

    def save(self, run: RunFolder, records: Sequence[Record]) -> Record:
        """Save the weights, the table of all epochs, and TensorBoard's log."""
        weights = self.training.tested.model.state_dict()
        run.save_tensors(WEIGHTS["last"], weights)
        tested = self.dataset.task.metric.key in records[-1]
        if tested and self._best(records) is records[-1]:
            run.save_tensors(WEIGHTS["best"], weights)
        text = io.StringIO()
        task = self.dataset.task
        columns = (*COLUMNS, task.metric.key, *task.further)
        table = csv.DictWriter(text, columns, extrasaction="ignore")
        table.writeheader()
        table.writerows(records)
        replace_file(run.path / METRICS, text.getvalue().encode())
        return {}

    def _best(self, records: Sequence[Record]) -> Record:
        """The best of the tested epochs; of equal ones the first."""
        metric = self.dataset.task.metric
        tested = [record for record in records if metric.key in record]
        return metric.best(tested, key=lambda record: record[metric.key])

    def finish(self, run: RunFolder | None, records: Sequence[Record]) -> dict[str, Any]:
        """The result: the last epoch's measures, the best epoch, and the seconds of all."""
        best = self._best(records)
        # A finished training that is resumed has no test of its own yet.
        result = {
            **records[-1],
            **(self._measured or self._measure()),
            "best": {key: best[key] for key in ("epoch", self.dataset.task.metric.key)},
            "seconds": round(sum(record["seconds"] for record in records), 3),
        }
        del result["event"]
        if run:
            if self._measured is None:  # the folder may have lost the weights, too
                run.save_tensors(WEIGHTS["last"], self.training.tested.model.state_dict())
            run.write_json(RESULT, result)
        return result

    def report(self, run: RunFolder) -> None:
        """See `Work`."""
        write_page(run)

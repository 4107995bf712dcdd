"""What a search, a comparison and a training print while they run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from dada.augment.words import around
from dada.cli.bar import Bar
from dada.comparison import ComparisonWork
from dada.compute.device import machine_in_words
from dada.datasets import channels_in_words
from dada.errors import option
from dada.report.gaps import difference_in_words, error_in_words
from dada.report.numbers import count
from dada.runs import Callback
from dada.searching import SearchWork
from dada.tasks import Metric
from dada.training import TrainingWork
from dada.training.augmentations import BASELINE


class SearchProgress(Bar, Callback[SearchWork]):
    """A search: steps, the validation metric and the leading sub-policies."""

    epochs_done = 0
    unit = "epoch"
    _found: Sequence[str] = ()
    _title: str

    def on_start(self, work: SearchWork) -> None:
        """Print what is searched, and with what."""
        self.work = work
        search, dataset = work.search, work.dataset
        self.epochs_done, self.unit = search.iteration, search.unit
        self._title, problem = dataset.task.validation.title, search.problem
        settings = search.settings.model_dump()
        self.say(
            f"searching {dataset.name}: {count(len(problem.images), 'image')} of "
            f"{dataset.side[1]} × {dataset.side[0]} pixels, {channels_in_words(dataset.channels)}; "
            f"{around(settings)}; method {search.name}: {search.words()}, "
            f"{search.space_in_words(settings, problem.space.sub_policies)}, "
            f"seed {search.settings.seed}"
        )
        self.say_notes(dataset)
        ways = option("budget")
        if work.settings["preset"] == "default":
            ways += f" or {option('preset', 'fast')}"
        shorter = _on(search.problem.device, f"{ways} makes it shorter")
        self.begin("search", work.parts, work.ticks[0], "" if work.deadline else shorter)

    def on_progress(self) -> None:
        """Move the bar."""
        self.advance()

    def on_record(self, record: dict[str, Any]) -> None:
        """Print how the network does and what leads."""
        self.epochs_done = record["epoch"]
        self.say(
            f"{self.unit} {record['epoch']:3d}  training loss {record['train_loss']:.3f}, "
            f"{self._title} {record['validation_accuracy']:5.1%}  "
            f"{record['seconds']:.1f} s  {self.work.search.headline()}"
        )
        notes = record.get("findings", {}).get("notes", [])
        for note in notes:
            if note not in self._found:
                self.say(f"note: {note}")
        self._found = notes
        if "incidents" in record:
            self.say(f"note: {record['incidents']}")
        if "replanned" in record:
            self.say(f"note: {record['replanned']}")
            self.extend(self.work.parts)

    def on_converged(self, reason: str) -> None:
        """Print why it ends."""
        self.say(f"note: {reason}")

    def stopped(self, out: Path) -> str:
        """See `Bar`: whether there is a policy yet."""
        if not self.epochs_done:
            return f"stopped before the first {self.unit} was over, so {out} has no policy yet"
        return (
            f"stopped after {self.unit} {self.epochs_done}: the policy so far is "
            f"{out / 'policy.json'}"
        )


class CompareProgress(Bar, Callback[ComparisonWork]):
    """A comparison: steps over all trainings, and the result of each as it comes."""

    _metric: Metric
    _finished = 0

    def on_start(self, work: ComparisonWork) -> None:
        """Print what is trained."""
        self.work, self._finished = work, len(work.finished)
        self._metric = work.dataset.task.metric
        settings, left = work.bench.settings, work.length - work.iteration
        self.say(
            f"{left} trainings of {settings.model}, {count(settings.epochs, 'epoch')} each; "
            f"in every row {around(settings.model_dump())}"
        )
        self.say_notes(work.dataset)
        ways = f"{option('budget')}, or fewer {option('epochs')} or {option('images')},"
        shorter = _on(work.bench.device, f"{ways} make it shorter")
        self.begin("train", work.parts, work.ticks[0], "" if work.foretold else shorter)

    def on_progress(self) -> None:
        """Move the bar."""
        self.advance()

    def on_record(self, record: dict[str, Any]) -> None:
        """Print the result of its network."""
        self.say(
            f"seed {record['seed']}  {record['row']:<24} {self._metric.title} "
            f"{record[self._metric.key]:6.2%}  {record['seconds']:.1f} s"
        )
        done = len(self.work.finished)
        if self._finished < done < len(self.work.seeds):  # the last one's are in the table
            self.say(f"after {done} of {count(len(self.work.seeds), 'seed')}:")
            for line in standing(self.work.standing()):
                self.say(f"  {line}")
        self._finished = done


class EvaluateProgress(Bar):
    """A test: its images.

    Args:
        device: where the network runs.
    """

    def __init__(self, device: torch.device) -> None:
        super().__init__(doing="loading")
        self._device, self._done = device, 0

    def on_batch(self, done: int, total: int) -> None:
        """Move the bar."""
        if not self._done:
            self.begin(
                "test", [(total, float(total))], shorter=_on(self._device, "a GPU takes less")
            )
        self.advance(done - self._done)
        self._done = done


def _on(device: torch.device, shorter: str) -> str:
    """The end of the line that says how long the work will take."""
    return f"on {machine_in_words(device)}; {shorter}"


def standing(found: Mapping[str, Any]) -> list[str]:
    """A line per row of a comparison: its mean and its paired difference from the first, so far.

    Args:
        found: as `dada.comparison.rows.summarise` returns it.
    """
    baseline, *others = found["rows"]
    width = max(len(row["name"]) for row in found["rows"])
    lines = [f"{baseline['name']:<{width}}  {error_in_words(baseline)}"]
    for row in others:
        gap = difference_in_words(row)
        lines.append(f"{row['name']:<{width}}  {error_in_words(row)}, {gap}")
    return [line.replace("\N{NO-BREAK SPACE}", " ") for line in lines]


class TrainProgress(Bar, Callback[TrainingWork]):
    """A training: steps, and each epoch's loss and test metric."""

    epochs_done = 0
    _metric: Metric

    def on_start(self, work: TrainingWork) -> None:
        """Print what is trained, and with what."""
        training, dataset, method = work.training, work.dataset, work.method
        s, per_epoch = training.settings, training.steps_per_epoch
        policy = "" if method is BASELINE else f"policy {method.name}, "
        self.epochs_done, self._metric = training.epoch, dataset.task.metric
        self.say(
            f"training {s.model} on {dataset.name}: {len(training.images)} images, "
            f"{count(s.epochs, 'epoch')} of {count(per_epoch, 'step')}, "
            f"{policy}{around(s.model_dump())}"
        )
        self.say_notes(dataset)
        ways = f"fewer {option('epochs')} or {option('images')}"
        shorter = _on(training.child.device, f"{ways} make it shorter")
        self.begin("train", work.parts, work.ticks[0], shorter)

    def on_progress(self) -> None:
        """Move the bar."""
        self.advance()

    def on_record(self, record: dict[str, Any]) -> None:
        """Print how the network does."""
        self.epochs_done = record["epoch"]
        metric = self._metric
        tested = f"  {metric.title} {record[metric.key]:6.2%}" if metric.key in record else ""
        self.say(
            f"epoch {record['epoch']:4d}  training loss {record['train_loss']:.3f}  "
            f"{record['seconds']:.1f} s{tested}"
        )

    def stopped(self, out: Path) -> str:
        """See `Bar`: how far it is."""
        return f"stopped after epoch {self.epochs_done}"

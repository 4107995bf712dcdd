"""Does it help? The same network from the same seeds under each augmentation."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import nn

from dada.augment import Transform
from dada.augment.feed import MemoryFeed
from dada.augment.words import around
from dada.datasets import AnyData, Dataset, as_dataset, even_batches, reduced
from dada.errors import DivergedError, UserError
from dada.models import create
from dada.models.check import check_network
from dada.models.child import Loss
from dada.models.device import pick_device
from dada.models.randomness import forked
from dada.policy import PAPER_OPERATIONS, Policy, dumps, load_policy
from dada.report import write_report
from dada.runs import RunFolder, describe_run
from dada.searching.choices import left_out
from dada.searching.common import Own, pipeline_for
from dada.side_by_side import Load, Tick, side_by_side
from dada.threads import parameter_count
from dada.training.evaluate import measure
from dada.training.methods import BASELINE, Method, policy_method, space_for, without_search
from dada.training.settings import TrainSettings, choose_images, for_dataset, make_settings
from dada.training.statistics import summary
from dada.training.training import Training


class CompareWatcher:
    """What a comparison tells whoever watches; override what interests you."""

    def on_start(
        self, trainings: int, steps: int, settings: TrainSettings, dataset: Dataset
    ) -> None:
        """How many trainings remain, how many steps each takes, and of what."""

    def on_step(self) -> None:
        """A step of a training has been made."""

    def on_training(self, record: dict[str, Any]) -> None:
        """A training is over: its row, seed, test error and seconds."""


def compare(
    data: AnyData = "digits",
    policies: Sequence[str | Path | Policy] = (),
    *,
    seeds: int = 3,
    loss: Loss | None = None,
    before: Transform | None = None,
    after: Transform | None = None,
    out: str | Path | None = None,
    preset: str = "default",
    device: str = "auto",
    resume: bool = False,
    side: int | None = None,
    watch: CompareWatcher | None = None,
    source: str | None = None,
    **settings: Any,
) -> dict[str, Any]:
    """Train the same network from the same seeds under different augmentations.

    The rows are crop-and-flip alone, each policy, RandAugment and TrivialAugment (torchvision's,
    a draw an image), and the space's uniform policy, which is a policy without a search.
    What surrounds the policy, crop and flip, is the same in every row; so is a Cutout (setting
    `cutout`).

    Args:
        data: as in `dada.search`. Errors are on its test images, which no search has seen.
        policies: names, files, run folders or policies.
        seeds: trainings a row, from seeds 0, 1, …
        loss: as in `dada.train`.
        before, after: as in `dada.search`, the same in every row.
        out: the run folder to write; None writes nothing.
        resume: do only the trainings that are missing in `out`.
        source: what to call the data's origin in the run, where `data` is a `Dataset`.
        **settings: single settings (`dada.training.settings.TrainSettings`): epochs, model, …

    Returns:
        The comparison as plain data: baseline, network, epochs, seeds, and rows with name,
        errors, mean, interval, difference, difference_interval and seconds.

    Raises:
        UserError: the data, a policy, a setting or the run folder is not as it must be.
    """
    if seeds < 1:
        raise UserError(f"{seeds} seeds: at least 1 is needed, 3 for an interval worth the name")
    watch, own = watch or CompareWatcher(), Own.of(loss=loss, before=before, after=after)
    named = _named(policies)
    asked = make_settings(preset, **settings)
    dataset = as_dataset(data, side, choose=partial(choose_images, asked))
    bench = _Bench(dataset, asked, pick_device(device), own)
    methods = [BASELINE, *(policy_method(p, n) for n, p in named.items())]
    scale = next((policy.scale for policy in named.values()), None)  # the first policy's
    methods += without_search(space_for(dataset.channels, scale))
    notes = left_out(PAPER_OPERATIONS, dataset.channels)
    dataset = replace(dataset, notes=(*dataset.notes, *notes))
    origin = source or (str(data) if isinstance(data, str | Path) else "")
    config = describe_run("compare", dataset, origin, bench.settings, bench.device, own._asdict())
    config["policies"] = {name: dumps(policy) for name, policy in named.items()}
    with nullcontext() if out is None else RunFolder.begin(out, config, resume) as run:
        done = [e for e in run.events if e.get("event") == "training"] if run else []
        if run:
            run.keep_events(done)  # without a last line that a killed process left unfinished
        missing = [(m, s) for s in range(seeds) for m in methods if not _errors(done, m.name, [s])]
        watch.on_start(len(missing), bench.steps, bench.settings, dataset)

        def train(number: int, on_step: Tick) -> dict[str, Any]:
            return bench.train(*missing[number], on_step)

        trained = side_by_side(len(missing), train, bench.device, watch.on_step, **bench.load)
        for _, record in trained:
            done.append(record)
            if run:
                run.add_event(record)
            watch.on_training(record)
        comparison = {**bench.facts(), **_rows(done, methods, list(range(seeds)))}
        if run:
            run.write_json("comparison.json", comparison)
            write_report(run.path)
    return comparison


class _Bench:
    """Where every training of a comparison is done: same data, network and settings."""

    def __init__(
        self,
        dataset: Dataset,
        settings: TrainSettings,
        device: torch.device,
        own: Own,
    ) -> None:
        self.dataset, self.device, self.loss = dataset, device, own.loss
        self.settings = for_dataset(settings, dataset, device.type == "cuda")
        chosen = reduced(dataset.train.labels, self.settings.images or 0)
        self.pipeline = pipeline_for(self.settings, dataset.side, own)
        self.images = MemoryFeed(dataset.train.subset(chosen), self.pipeline, device)
        self.test = MemoryFeed(dataset.test, self.pipeline, device)

    @property
    def steps(self) -> int:
        """Steps a training."""
        batches = even_batches(torch.arange(len(self.images)), self.settings.batch)
        return self.settings.epochs * len(batches)

    @property
    def load(self) -> Load:
        """How large a training is, for `side_by_side`."""
        pixels = self.settings.batch * math.prod(self.dataset.side)
        with forked(self.device):
            return Load(pixels=pixels, parameters=parameter_count(self._network()))

    def _network(self) -> nn.Module:
        assert self.settings.model is not None
        return create(self.settings.model, len(self.dataset.classes), self.dataset.channels)

    def train(self, method: Method, seed: int, on_step: Tick) -> dict[str, Any]:
        """One training, as the event that records it."""
        started = time.perf_counter()
        with forked(self.device):
            torch.manual_seed(seed)
            network = self._network()
            height, width = self.dataset.side
            shape = (self.dataset.channels, height, width)
            check_network(
                network, str(self.settings.model), len(self.dataset.classes), shape, False
            )
            going = Training(
                self.settings,
                network,
                self.images,
                self.pipeline,
                method.augment,
                seed,
                self.device,
                loss=self.loss,
            )
            try:
                for _ in range(self.settings.epochs):
                    going.run_epoch(on_step)
                found = measure(going.tested, self.test, self.pipeline, len(self.dataset.classes))
            except DivergedError as error:
                raise UserError(
                    f"{error} under {method.name}, seed {seed}: try a lower --lr"
                ) from None
        return {
            "event": "training",
            "row": method.name,
            "seed": seed,
            "test_error": found["test_error"],
            "seconds": round(time.perf_counter() - started, 3),
        }

    def facts(self) -> dict[str, Any]:
        """What the reader of the comparison must know."""
        return {
            "baseline": BASELINE.name,
            "network": self.settings.model,
            "around": around(self.settings.model_dump()),
            "images": len(self.images),
            "test_images": len(self.dataset.test),
            "epochs": self.settings.epochs,
        }


def _named(policies: Sequence[str | Path | Policy]) -> dict[str, Policy]:
    """The policies by the names of their rows; a run folder's policy is called by the folder."""
    named: dict[str, Policy] = {}
    for given in policies:
        policy = given if isinstance(given, Policy) else load_policy(given)
        name = policy.name if isinstance(given, Policy) else f"policy {given}"
        if name in named:
            raise UserError(f"{name} is given twice")
        named[name] = policy
    return named


def _errors(done: list[dict[str, Any]], row: str, seeds: list[int]) -> list[float]:
    """Test errors of a row for those of the seeds that are done."""
    by_seed = {e["seed"]: e["test_error"] for e in done if e["row"] == row}
    return [by_seed[seed] for seed in seeds if seed in by_seed]


def _rows(done: list[dict[str, Any]], methods: list[Method], seeds: list[int]) -> dict[str, Any]:
    baseline = _errors(done, BASELINE.name, seeds)
    rows = []
    for method in methods:
        errors = _errors(done, method.name, seeds)
        seconds = [e["seconds"] for e in done if e["row"] == method.name]
        row = summary(errors, None if method is BASELINE else baseline)
        rows.append({"name": method.name, **row, "seconds": round(sum(seconds) / len(seconds), 3)})
    return {"seeds": seeds, "rows": rows}

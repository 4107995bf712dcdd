"""Some epochs of several trials: side by side as one stacked network, and one by one.

    python -m benchmarks.stacked [--batch 31] [--precision float32] [--device cuda] [--json FILE]

The trials differ in their operation only. Images are noise, which costs what photographs do.
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import nn

from benchmarks._contract import finish, measure
from dada.augment import MemoryLoader, Pipeline, Sampler, apply
from dada.augment.loader import Augment
from dada.compute.device import best_precision, pick_device
from dada.compute.parallel import run_parallel
from dada.datasets import ImageSet
from dada.models import create
from dada.ops import PAPER_OPERATIONS
from dada.policy import Operation, Policy, SubPolicy
from dada.report.numbers import count
from dada.training.pipeline import pipeline_for
from dada.training.settings import ResolvedTraining
from dada.training.side_by_side import SideBySide
from dada.training.training import Training
from dada.training.views import each

Kind = TypeVar("Kind", Training, SideBySide)
_CLASSES = 10
_FOREVER = 1_000_000  # epochs, so that the learning rate is never 0


def alone(name: str) -> Augment:
    """Half of the images under one operation, with draws from a generator of its own."""
    sampler = Sampler(Policy((SubPolicy((Operation(name, 0.5, 0.5),)),)))
    own = torch.Generator().manual_seed(1)
    return lambda images, _, motion=None: apply(images, sampler(len(images), own), motion)


def advance(training: Training, epochs: int) -> int:
    """Some epochs of a training; a small network takes one thread."""
    for _ in range(epochs):
        training.run_epoch()
    return training.epoch


def in_turn(trainings: Sequence[Training], epochs: int) -> None:
    """Some epochs of each, in this process."""
    for training in trainings:
        advance(training, epochs)


def in_parallel(trainings: Sequence[Training], epochs: int) -> None:
    """Some epochs of each, in as many processes as there are threads."""
    device = trainings[0].child.device
    list(run_parallel(len(trainings), lambda j, _: advance(trainings[j], epochs), device))


@dataclass(frozen=True)
class Trials:
    """What all trials have in common, and how they are begun."""

    settings: ResolvedTraining
    images: MemoryLoader
    pipeline: Pipeline
    device: torch.device

    def single(self, name: str) -> Training:
        """The trial of one operation."""
        return self._begin(Training, model=self._network(), augment=alone(name))

    def stacked(self, names: Sequence[str]) -> SideBySide:
        """The trials of several operations."""
        models = [self._network() for _ in names]
        return self._begin(SideBySide, models=models, augment=each([alone(n) for n in names]))

    def _network(self) -> nn.Module:
        return create(self.settings.model, _CLASSES)

    def _begin(self, kind: type[Kind], **own: Any) -> Kind:
        return kind(
            settings=self.settings,
            images=self.images,
            pipeline=self.pipeline,
            seed=0,
            device=self.device,
            together=8,  # as in the trials of a search
            **own,
        )


def ways(trials: Trials, number: int, epochs: int) -> dict[str, Callable[[], object]]:
    """The alternatives; those in parallel only where there are threads for it."""
    names = [PAPER_OPERATIONS[j % len(PAPER_OPERATIONS)] for j in range(number)]
    singles, stack = [trials.single(name) for name in names], trials.stacked(names)
    found: dict[str, Callable[[], object]] = {
        "one after another": partial(in_turn, singles, epochs),
        "side by side": partial(in_turn, [stack], epochs),
    }
    threads = torch.get_num_threads()
    if trials.device.type == "cpu" and threads > 1:
        stacks = [trials.stacked(names[j::threads]) for j in range(threads)]
        found["in parallel"] = partial(in_parallel, singles, epochs)
        found["in parallel, side by side"] = partial(in_parallel, stacks, epochs)
    return found


def trials_of(options: argparse.Namespace) -> Trials:
    """The trials that the command line describes."""
    device, side = pick_device(options.device), options.side
    settings = ResolvedTraining(
        model=options.model,
        images=options.images,
        batch=options.batch,
        precision=options.precision,
        epochs=_FOREVER,
        lr=0.01,
        warmup=0.0,
        crop="padded",
        padding=side // 8,
        flip=True,
        jitter=0.0,
        lighting=0.0,
        mean=(0.5,) * 3,
        std=(0.25,) * 3,
        test_every=1,
    )
    noise = torch.randint(256, (options.images, 3, side, side)).to(torch.uint8)
    images = ImageSet(noise, torch.arange(options.images) % _CLASSES)
    pipeline = pipeline_for(settings, (side, side))
    return Trials(settings, MemoryLoader(images, pipeline, device), pipeline, device)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=16)
    parser.add_argument("--model", default="proxy-32")
    parser.add_argument("--images", type=int, default=250)
    parser.add_argument("--batch", type=int, default=62)
    parser.add_argument("--side", type=int, default=32)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    trials = trials_of(options)
    times = measure(ways(trials, options.trials, options.epochs), options.repeats, warmup=1)
    precision = str(best_precision(trials.device, options.precision)).removeprefix("torch.")
    print(f"{options.trials} × {options.model}, {count(options.epochs, 'epoch')} of", end=" ")
    print(f"batches of {options.batch}, {precision}, {trials.device}")
    one = times["one after another"]["median"]
    for name, t in times.items():
        seconds = f"{t['median']:8.3f} {t['low']:8.3f} {t['high']:8.3f}"
        print(f"{name:27}{seconds} {t['median'] / one:6.2f} times as long")
    finish(
        {
            "trials": options.trials,
            "epochs": options.epochs,
            "precision": precision,
            "quartiles": times,
        },
        options.json,
    )


if __name__ == "__main__":
    main()

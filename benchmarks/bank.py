"""Trials with draws of their own in every epoch, and with a few from a bank: time and test error.

    python -m benchmarks.bank [--data cifar10.npz] [--device cuda] [--crop resized] [--json FILE]
    python -m benchmarks.bank --data cifar10.npz --quality 20

Seconds per epoch of a proxy's training, which include a bank's making, spread over all epochs.
`--quality` also trains pairs to the end, on that many folds: the differences of their test errors
and losses are what keeping few draws costs.
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch

from benchmarks._contract import finish, measure
from benchmarks._searches import trial_of
from dada.augment import Bank, MemoryLoader, Pipeline
from dada.augment.loader import Augment
from dada.comparison.statistics import interval
from dada.compute.device import pick_device
from dada.compute.parallel import Tick, run_parallel
from dada.compute.randomness import forked, stream
from dada.datasets import Dataset, ImageSet, load
from dada.policy import Operation, Policy, SubPolicy
from dada.searching import SearchProblem
from dada.searching.score import score
from dada.training.augmentations import policy_method, unchanged
from dada.training.settings import ResolvedTraining
from dada.training.training import Training

TOGETHER = 8  # batches that are augmented at once, as in a search
POLICIES = ("none", "Rotate", "Equalize", "uniform")  # a cheap operation, and a dear one
FOREVER = 10_000  # epochs of a training that is only timed, so that its rate stays the same


def policy_called(name: str, problem: SearchProblem) -> Policy:
    """None, the uniform policy of pairs, or an operation alone, applied to half of the images."""
    if name == "none":
        return Policy.none()
    if name == "uniform":
        return problem.space.uniform()
    return Policy((SubPolicy((Operation(name, 0.5, 0.5, 1.0),)),), problem.space.scale)


@dataclass(frozen=True)
class Trial:
    """A proxy's training on one fold, under one policy.

    Attributes:
        problem, settings: of the search that it could belong to.
        pipeline: what surrounds the policy.
        fold: the images to train on.
        policy: the policy.
        seed: for everything random.
    """

    problem: SearchProblem
    settings: ResolvedTraining
    pipeline: Pipeline
    fold: ImageSet
    policy: Policy
    seed: int

    def bank(self, draws: int) -> Bank:
        """A bank with so many draws of each image."""
        return Bank(
            loader=MemoryLoader(self.fold, self.pipeline, self.problem.device),
            pipeline=self.pipeline,
            augment=self._augment,
            draws=draws,
            generator=torch.Generator().manual_seed(stream(self.seed, 5)),
            batch=TOGETHER * self.settings.batch,
        )

    def training(self, draws: int | None = None) -> Training:
        """The training, on draws of its own in every epoch, or on so many from a bank."""
        loader: MemoryLoader | Bank
        if draws is None:
            loader = MemoryLoader(self.fold, self.pipeline, self.problem.device)
            pipeline, augment = self.pipeline, self._augment
        else:
            loader = self.bank(draws)
            pipeline, augment = loader.rest, unchanged
        torch.manual_seed(self.seed)
        return Training(
            settings=self.settings,
            model=self.problem.network(),
            images=loader,
            pipeline=pipeline,
            augment=augment,
            seed=self.seed,
            device=self.problem.device,
            loss=self.problem.loss,
            together=TOGETHER,
        )

    @property
    def _augment(self) -> Augment:
        """With a generator of its own, as in a search."""
        augment, own = policy_method(self.policy).at(0, 1), torch.Generator()
        own.manual_seed(stream(self.seed, 3))
        return lambda images, _, motion=None: augment(images, own, motion)


def timed(trial: Trial, options: argparse.Namespace) -> dict[str, Any]:
    """Seconds per epoch with draws of its own, and of the parts that a bank makes of it."""
    endless = replace(trial, settings=trial.settings.model_copy(update={"epochs": FOREVER}))
    direct, kept = endless.training(), endless.training(draws=2)
    ways: dict[str, Callable[[], object]] = {
        "direct": direct.run_epoch,
        "from the bank": kept.run_epoch,
        "two draws": partial(endless.bank, 2),
    }
    quartiles = measure(ways, options.repeats)
    epoch, served, two = (quartiles[name]["median"] for name in ways)
    whole = {draws: served + two / 2 * draws / options.epochs for draws in options.draws}
    return {
        "quartiles": quartiles,
        "seconds": whole,
        "ratios": {draws: seconds / epoch for draws, seconds in whole.items()},
    }


def costs(trials: Sequence[Trial], test: ImageSet, draws: Sequence[int]) -> dict[str, Any]:
    """What each number of kept draws adds to the test error and to the loss: the mean difference
    from draws of its own, and half of its 95 % interval over folds."""
    rows, first = [None, *draws], trials[0]
    judges = MemoryLoader(test, first.pipeline, first.problem.device)

    def judged(number: int, on_epoch: Tick) -> tuple[float, float]:
        trial, kept = trials[number // len(rows)], rows[number % len(rows)]
        with forked(trial.problem.device):
            training = trial.training(kept)
            while training.epoch < trial.settings.epochs:
                training.run_epoch()
        loss, accuracy = score(training.tested, judges, trial.pipeline)
        return 100 * (1 - accuracy), loss

    found = dict(run_parallel(len(trials) * len(rows), judged, first.problem.device))
    values = torch.tensor([found[n] for n in range(len(found))], dtype=torch.float64)
    values = values.view(len(trials), len(rows), 2)
    return {
        name: {
            "direct": of[:, 0].mean().item(),
            "more": {
                kept: {"mean": gap.mean().item(), "interval": interval(gap.tolist())}
                for kept, gap in zip(draws, (of[:, 1:] - of[:, :1]).T, strict=True)
            },
        }
        for name, of in zip(("error", "loss"), values.unbind(2), strict=True)
    }


def report(name: str, found: dict[str, Any]) -> None:
    """Print a policy's row."""
    words = [f"{name:9} {1000 * found['quartiles']['direct']['median']:8.2f}"]
    words += [f"{1000 * found['quartiles']['from the bank']['median']:8.2f}"]
    words += [f"{1000 * s:8.2f} ({found['ratios'][k]:.3f})" for k, s in found["seconds"].items()]
    print(" ".join(words), flush=True)


def report_quality(name: str, found: dict[str, Any]) -> None:
    """Print a policy's test error in per cent and its loss, and what each number of draws adds."""
    for measured, digits in (("error", 2), ("loss", 4)):
        words = [f"{name:9} {measured:5} {found[measured]['direct']:8.{digits}f}"]
        for gap in found[measured]["more"].values():
            half = gap["interval"] or float("nan")  # a single fold has none
            words.append(f"{gap['mean']:+.{digits}f} ± {half:.{digits}f}")
        print("   ".join(words), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="digits")
    parser.add_argument("--images", type=int, default=250, help="in a fold")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--draws", type=int, nargs="+", default=[10, 20, 30])
    parser.add_argument("--policies", nargs="+", default=POLICIES, help="none, uniform, operations")
    parser.add_argument("--crop", choices=["padded", "resized"], default="padded")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--quality", type=int, default=0, metavar="FOLDS")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    device, dataset = pick_device(options.device), load(options.data)
    problem, settings = problem_for(dataset, device, options)
    pipeline = problem.pipeline
    if options.crop == "resized":
        pipeline = replace(pipeline, crop="resized", jitter=0.4)
    order = torch.randperm(len(problem.images), generator=torch.Generator().manual_seed(0))
    folds = order.split(options.images)
    result: dict[str, Any] = {"epochs": options.epochs, "policies": {}, "quality": {}}

    def trial(policy: Policy, seed: int) -> Trial:
        fold = problem.images.subset(folds[seed])
        return Trial(problem, settings, pipeline, fold, policy, seed)

    print(f"ms per epoch: direct, from the bank, with its making for {options.draws} draws")
    policies = {name: policy_called(name, problem) for name in options.policies}
    for name, policy in policies.items():
        result["policies"][name] = timed(trial(policy, 0), options)
        report(name, result["policies"][name])
    if options.quality:
        print(f"tests, {options.quality} folds: direct, and what {options.draws} kept draws add")
    for name, policy in policies.items() if options.quality else ():
        trials = [trial(policy, seed) for seed in range(options.quality)]
        result["quality"][name] = costs(trials, dataset.test, options.draws)
        report_quality(name, result["quality"][name])
    finish(result, options.json)


def problem_for(
    dataset: Dataset, device: torch.device, options: argparse.Namespace
) -> tuple[SearchProblem, ResolvedTraining]:
    """A search whose images are as many folds as are needed."""
    size = max(1, options.quality) * options.images
    if size > len(dataset.train.labels):
        raise SystemExit(f"--quality: {len(dataset.train.labels)} images are too few for {size}")
    return trial_of(
        dataset,
        device,
        options.epochs,
        images=size,
        batch=options.batch,
        pixels=max(dataset.side),
    )


if __name__ == "__main__":
    main()

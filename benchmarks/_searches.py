"""Searches for the benchmarks: the only module here that knows how a search is built.

The other modules import from `dada.searching` only what they measure: estimators, updates and the
policy distribution.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import torch

from benchmarks._stopwatch import Stopwatch
from dada.augment import Pipeline
from dada.compute.parallel import Load, Tick
from dada.datasets import Dataset, ImageSet
from dada.models.child import Child
from dada.report.numbers import count
from dada.searching import PRESETS, SearchMethod, make_settings
from dada.searching.distribution import PolicyDistribution
from dada.searching.method import SearchProblem
from dada.searching.methods.dada import Arms, OneStep
from dada.searching.methods.dada.one_step.published import paper_cutout
from dada.searching.methods.dada.one_step.settings import OneStepSettings
from dada.searching.problem import begin as begin_search
from dada.searching.problem import problem_of
from dada.searching.training_settings import settings_of_a_trial
from dada.training.settings import ResolvedTraining

CPU = torch.device("cpu")
DEFAULTS = OneStepSettings()
PAPER_POLICY_LR: float = PRESETS["paper"]["policy_lr"]


def begin(
    dataset: Dataset, device: torch.device = CPU, *, seed: int = 0, **settings: Any
) -> SearchMethod:
    """A new search.

    Args:
        dataset: the data to search on.
        device: where networks run.
        seed: for the initial weights and everything that the search draws.
        **settings: a preset and single settings, as for `dada.search`.
    """
    chosen = make_settings(seed=seed, **settings).resolve(dataset, device.type == "cuda")
    return begin_search(chosen, problem_of(chosen, dataset, None, device))


def begin_steps(
    dataset: Dataset, device: torch.device = CPU, *, seed: int = 0, **settings: Any
) -> OneStep:
    """`begin`, for settings with a horizon of one step."""
    search = begin(dataset, device, seed=seed, **settings)
    if not isinstance(search, OneStep):
        raise ValueError(f"not settings with a horizon of 0: {settings}")
    return search


def advances(search: SearchMethod, count: int | None = None) -> Iterator[dict[str, Any]]:
    """The records of a search's epochs, or rounds, as they finish.

    Args:
        count: how many; None for all.
    """
    for _ in range(search.length if count is None else count):
        yield search.advance()


def step_of(search: OneStep) -> Callable[[], object]:
    """A function that makes a step of a search, on the same images each time."""
    rows = torch.arange(search.settings.batch, device=search.train.labels.device)
    train, valid = search.train.subset(rows), search.valid.subset(rows)
    return lambda: search.step(train.images, train.labels, valid.images, valid.labels)


def watch(search: SearchMethod) -> dict[str, float]:
    """Seconds spent in the parts of a search's steps from now on, by name; empty without steps."""
    watch = Stopwatch()
    if not isinstance(search, OneStep):
        return watch.seconds
    step = search.step
    rewards = {"rewards": "rewards"}
    search.step = replace(
        step,
        child=watch.on(
            step.child, gradient="train and validation gradients", descend="network update"
        ),
        policy_gradient=watch.on(step.policy_gradient, call="policy gradient"),
        update=watch.on(step.update, call="policy update"),
        hypergradient=watch.on(step.hypergradient, **rewards),
        trace=step.trace and watch.on(step.trace, **rewards),
    )
    return watch.seconds


@dataclass(frozen=True)
class Frozen:
    """A search that does not continue.

    Attributes:
        child: the child network, trained so far.
        pipeline: what surrounds the policy.
        distribution: the policy distribution, uniform as at the start.
        train, valid: the halves.
    """

    child: Child
    pipeline: Pipeline
    distribution: PolicyDistribution
    train: ImageSet
    valid: ImageSet


def frozen_child(dataset: Dataset, model: str, epochs: int, seed: int = 0) -> Frozen:
    """A child network after some epochs under the uniform policy."""
    search = begin_steps(
        dataset,
        seed=seed,
        preset="step",
        model=model,
        # Plan twice the epochs, so that the learning rate is still sizeable at the end.
        epochs=2 * epochs,
        policy_lr=1e-12,
        cutout=paper_cutout(max(dataset.side)),
    )
    *_, last = advances(search, epochs)
    right = 100 * last["validation_accuracy"]
    print(
        f"{dataset.name}, {model} after {count(epochs, 'epoch')}: {right:.1f} % of validation right"
    )
    return Frozen(
        search.child, search.step.pipeline, search.distribution, search.train, search.valid
    )


@dataclass(frozen=True)
class Round:
    """Trials of single operations, as in a round of the default search.

    Attributes:
        count: number of trials.
        trial: runs the trial with a number; calls back after each epoch.
        load: the size of each.
    """

    count: int
    trial: Callable[[int, Tick], object]
    load: Load


def trial_of(
    dataset: Dataset, device: torch.device, epochs: int, **settings: Any
) -> tuple[SearchProblem, ResolvedTraining]:
    """What a search is given, and how it trains a proxy in a trial of so many epochs.

    Args:
        **settings: those of the search.
    """
    chosen = make_settings(epochs=epochs, **settings).resolve(dataset, device.type == "cuda")
    return problem_of(chosen, dataset, None, device), settings_of_a_trial(chosen, epochs)


def trial_round(dataset: Dataset, device: torch.device, epochs: int) -> Round:
    """A round of trials with `epochs` epochs each."""
    search = begin(dataset, device, epochs=epochs)
    assert isinstance(search, Arms), "the default search is by arms"
    policies = [search.alone(name) for name in search.operations]

    def trial(number: int, on_epoch: Tick) -> object:
        return search.trials.trial(policies[number], search.folds[0], 0, epochs, on_epoch=on_epoch)

    height, width = search.problem.images.images.shape[2:]
    pixels = search.settings.batch * height * width
    return Round(len(policies), trial, Load(pixels=pixels, parameters=search.parameter_count))

"""What the user asked to compare, and what of it a budget has to choose."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import partial

import torch

from dada.comparison.bench import Bench
from dada.comparison.methods import by_interest, methods_for
from dada.comparison.pace import rehearse
from dada.comparison.plan import Allowed, Plan, Rehearsed, fitted
from dada.comparison.size import Size
from dada.comparison.statistics import USUAL_DISAGREEMENT, expected_half_width
from dada.comparison.terms import Terms
from dada.compute.device import machine_in_words
from dada.compute.distributed import Processes
from dada.datasets import Dataset
from dada.deadline import Deadline
from dada.errors import listed, option
from dada.policy import AnyPolicy
from dada.report.gaps import FEWEST_SEEDS
from dada.report.numbers import about, count
from dada.tasks import Metric
from dada.training.hooks import UserHooks
from dada.training.settings import TrainSettings

USUAL_BUDGET = "30m"
"""What a comparison may take if the user sets neither its size nor a budget."""
_SHARE = 0.9  # of the time; the rest is for loading, and for what follows
_STILL = 1e-9  # the learning rate of a rehearsal, which must not diverge
_OWN = ("default", "finetune")  # presets that the user need not have asked for
_SIZE = {"model", "epochs", "images"}


@dataclass(frozen=True, kw_only=True)
class Request:
    """What to compare, on which data and machine.

    Attributes:
        settings: as asked, with what is open.
        fixed: names of what the user set, which stays.
        policies: by the names of their rows.
        seeds: trainings per row; None chooses.
        pixels: longest side of the images, at most; None leaves it open.
    """

    settings: TrainSettings
    fixed: frozenset[str]
    policies: dict[str, AnyPolicy]
    seeds: int | None
    pixels: int | None
    dataset: Dataset
    device: torch.device
    hooks: UserHooks
    processes: Processes

    def within(self, deadline: Deadline, explicit: bool) -> Terms:
        """The terms that meet a deadline.

        Args:
            explicit: whether the user set it; otherwise a comparison whose size is set, or that
                meets the deadline as it is, is as if there were none.
        """
        seeds = FEWEST_SEEDS if self.seeds is None else self.seeds
        if not explicit and not self.free & _SIZE:
            return Terms(seeds, self.unplanned(seeds))
        allowed = Allowed(self.free, 2 + len(self.policies), self.seeds, more_seeds=explicit)

        def left() -> float:
            seconds = deadline.left() - (1 - _SHARE) * deadline.seconds
            return float(self.processes.broadcast(seconds))

        plan, size, bench = fitted(partial(self.rehearsed, seeds=seeds), left, allowed)
        if not explicit and plan.leaves_all and size.fits:
            return Terms(seeds, self.unplanned(seeds))
        plan = replace(plan, pixels=plan.pixels or self.pixels)
        notes = in_words(size, bench, len(self.dataset.train), deadline)
        rows = [method.name for method in methods_for(self.policies, bench)]
        if missing := [row for row in rows if row not in size.rows]:
            notes += (f"no time for the rows {listed(missing)}",)
        return Terms(plan.seeds, plan, notes=notes)

    def unplanned(self, seeds: int) -> Plan | None:
        """The plan of a comparison for which nothing was chosen."""
        return None if self.pixels is None else Plan({}, seeds, self.pixels)

    @property
    def free(self) -> frozenset[str]:
        """What may be chosen: model, epochs, images, pixels, rows."""
        fixed = {*self.fixed, *(_SIZE - left_open(self.settings, self.fixed))}
        if self.pixels or self.hooks.before or self.hooks.after:  # made for images of this size
            fixed.add("pixels")
        return frozenset({*_SIZE, "pixels", "rows"} - fixed)

    def rehearsed(self, model: str | None, pixels: int | None, seeds: int) -> Rehearsed:
        """The pace of a network on images of at most so many pixels."""
        chosen = {} if model is None else {"model": model}
        settings, seen = Plan(chosen, seeds, pixels or self.pixels).applied(
            self.settings, self.dataset
        )
        still = settings.model_copy(update={"lr": _STILL})
        bench = Bench(seen, still, self.device, self.hooks)
        methods = by_interest(methods_for(self.policies, bench))
        pace = rehearse(bench, methods, len(methods) * seeds, self.processes)
        return Rehearsed(bench, [method.name for method in methods], pace)


def left_open(settings: TrainSettings, fixed: Collection[str]) -> set[str]:
    """Which of model, epochs and images the user leaves to us; a preset that was asked for sets
    them, too.

    Args:
        settings: as asked.
        fixed: names of what the user set.
    """
    of_preset = set() if settings.preset in _OWN else {"model", *settings.model_fields_set}
    return _SIZE - {*fixed, *of_preset}


def in_words(size: Size, bench: Bench, images: int, deadline: Deadline) -> tuple[str, ...]:
    """What was chosen, what it takes, and how certain its answer will be.

    Args:
        size: of the comparison.
        bench: with its network and images.
        images: all training images that there are.
        deadline: which it was to meet.
    """
    height, width = bench.dataset.side
    used = (
        f"{size.images:,} of {images:,} images"
        if size.images < images
        else f"all {images:,} images"
    )
    verdict = ""
    if not size.fits:
        longer = size.seconds > deadline.seconds
        verdict = ", more than the budget" if longer else ", which says little"
    seeds = count(size.seeds, "seed")
    return (
        f"budget of {about(deadline.seconds)}: {bench.settings.model} on {used} of "
        f"{width} × {height} pixels, {count(size.epochs, 'epoch')}, {seeds} of "
        f"{count(len(size.rows), 'row')}; about {about(size.seconds)} on "
        f"{machine_in_words(bench.device)}{verdict}; {option('budget')} changes it, and what you "
        "set stays",
        certainty(bench.task.metric, size),
    )


def certainty(metric: Metric, size: Size) -> str:
    """How certain differences will be, before anything is measured."""
    seeds, tests = count(size.seeds, "seed"), count(size.tests, "test image")
    if not metric.over_images:
        return (
            f"{metric.name} is no mean over test images: how certain differences are, their spread "
            f"over {seeds} will tell"
        )
    half = expected_half_width(size.seeds, size.tests)
    return (
        f"differences will be certain to about ± {100 * half:.1f} points: {seeds}, {tests}, and "
        f"two networks that disagree on 1 test image in {1 / USUAL_DISAGREEMENT:.0f}, as is usual"
    )

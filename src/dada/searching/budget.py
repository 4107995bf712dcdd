"""A search that fits into the time there is: fewer epochs and, if need be, fewer images."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable

from torch import nn

from dada.deadline import Deadline
from dada.report.numbers import count
from dada.searching.choices import FEWEST_OF_A_TRIAL
from dada.searching.methods.dada.search import Search
from dada.searching.methods.trials import TrialSearch
from dada.searching.settings import Settings, batch_for_trials

_FEWEST_EPOCHS = 5  # with fewer, rather take fewer images
_FEWEST_IMAGES = 64
_SHARE = 0.9  # of the time; the rest is for what comes after training
_SLACK = 0.75  # of the time that is left: a plan that takes less may grow again
_TIMED_STEPS, _TIMED_EPOCHS, _TIMED_SIZES = 2, 3, 3
_NEAR = 0.9  # of the epochs that a trial needs, as a small set is not timed for a few more


def within(
    settings: Settings,
    deadline: Deadline,
    begin: Callable[[Settings], Search | TrialSearch],
    processes: int = 1,
) -> tuple[Settings, str]:
    """Settings of a search that takes at most about so long here.

    Args:
        settings: complete; epochs and images are the most that are taken.
        deadline: whatever has been spent of it, and what timing takes here, counts.
        begin: makes a search, of which a few steps, or a short trial, are timed.
        processes: that share the trials; steps are timed for a single one.

    Returns:
        The settings, and a note of what was chosen and why.
    """
    going = begin(settings)
    if isinstance(going, TrialSearch):
        return _trials_within(going, deadline, begin, processes)
    each = _seconds_a_step(going)
    steps = max(1, int(for_rounds(deadline) / each))
    epochs = min(settings.epochs, steps // going.steps_per_epoch)
    images = settings.images or 0
    if epochs < min(_FEWEST_EPOCHS, settings.epochs):
        epochs = min(settings.epochs, _FEWEST_EPOCHS, steps)
        # Half of the images are for training.
        fewest = going.train.task.fewest(going.train.labels)
        images = min(images, max(fewest, 2 * settings.batch * max(1, steps // epochs)))
    fitting = settings.model_copy(update={"epochs": epochs, "images": images})
    note = (
        f"budget of {deadline.seconds:.0f} s at {each:.2f} s a step: {epochs} epochs of "
        f"{images} images (half to train on, half to judge by)"
    )
    return fitting, note


def for_rounds(deadline: Deadline) -> float:
    """Seconds that are left for training; what comes after it, the report say, has its share."""
    return deadline.left() - (1 - _SHARE) * deadline.seconds


def replan(going: Search | TrialSearch, deadline: Deadline, took: float, most: int) -> str | None:
    """Fit what is left of a search to what is left of the time, after each round or epoch.

    The plan changes where the rest would take longer than that, or much less, at the speed of
    the last round or epoch.

    Args:
        took: seconds of that last one.
        most: epochs that were asked for, which are never exceeded.

    Returns:
        What changed, in words; None if nothing did.
    """
    left, took = going.processes.broadcast(
        (for_rounds(deadline), took) if going.processes.first else None
    )
    before = list(going.plan)
    expected = took * going.rest()
    if going.epoch < going.length and not _SLACK * left <= expected <= left:
        going.replan(max(0.0, left) / max(expected, 1e-9), most)
    if going.plan == before:
        return None
    return f"budget: {max(0.0, left):.0f} s are left at this speed, so {going.plan_in_words()}"


def _trials_within(
    going: TrialSearch,
    deadline: Deadline,
    begin: Callable[[Settings], Search | TrialSearch],
    processes: int,
) -> tuple[Settings, str]:
    """Fewer epochs, and if these would be too few, fewer images, which are timed in their turn:
    an epoch of a quarter of the images takes more than a quarter of the time."""
    settings, most = going.settings, going.settings.epochs
    fewest, timed = min(FEWEST_OF_A_TRIAL, most), 1
    of_classes = going.train.task.fewest(going.train.labels)
    smallest = min(settings.images or 0, max(_FEWEST_IMAGES, of_classes))
    while True:
        start, each = _seconds_of_a_turn(going)
        epochs = (for_rounds(deadline) * processes / going.turns - start) / each
        images = settings.images or 0
        if epochs >= _NEAR * fewest or images <= smallest or timed == _TIMED_SIZES:
            break
        images = max(smallest, int(images * epochs / fewest))
        batch = min(settings.batch, batch_for_trials(images // 2))
        settings = settings.model_copy(update={"images": images, "batch": batch})
        again = begin(settings)
        assert isinstance(again, TrialSearch)
        going, timed = again, timed + 1
    epochs = max(1, min(most, int(epochs)))
    note = (
        f"budget of {deadline.seconds:.0f} s at {each:.2f} s an epoch: {going.trials} trials of "
        f"{count(epochs, 'epoch')} on {images} images (half to train on, half to judge by)"
    ) + (f", {going.at_once} at once" if going.at_once > 1 else "")
    return settings.model_copy(update={"epochs": epochs}), note


def _seconds_of_a_turn(going: TrialSearch) -> tuple[float, float]:
    """What trials at the same time take besides, and for each epoch, after one that warms up."""

    def seconds(epochs: int) -> float:
        started = time.perf_counter()
        going.rehearse(epochs)
        return time.perf_counter() - started

    seconds(1)
    short, long = seconds(1), seconds(1 + _TIMED_EPOCHS)
    each = max((long - short) / _TIMED_EPOCHS, 1e-6)
    return max(0.0, short - each), each


def _seconds_a_step(going: Search) -> float:
    """The median-like time of a step, after one that warms up."""
    size = going.settings.batch
    train, valid = (part.subset(range(min(size, len(part)))) for part in (going.train, going.valid))
    times = []
    for _ in range(1 + _TIMED_STEPS):
        started = time.perf_counter()
        # A loss is a number on the host: whatever the device still does is over then.
        going.step(train.images, train.labels, valid.images, valid.labels).tolist()
        times.append(time.perf_counter() - started)
    return min(times[1:])


def trial_of(model: str | nn.Module | None) -> str | nn.Module | None:
    """A network to try with: the user's own stays untouched."""
    return copy.deepcopy(model) if isinstance(model, nn.Module) else model

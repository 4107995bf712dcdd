"""Fit a search into a time budget: fewer epochs and, if need be, fewer images."""

from __future__ import annotations

from collections.abc import Callable

from dada.deadline import Deadline
from dada.searching.common_settings import ResolvedSearch
from dada.searching.method import Record, SearchMethod

_FEWEST_IMAGES = 64
_SHARE = 0.9  # of the time; the rest is for what comes after training
_SLACK = 0.75  # of the time left: a plan that takes less may grow again
_REHEARSALS = 3
_NEAR = 0.9  # of the fewest epochs is enough: a few more are not worth another rehearsal


def within(
    settings: ResolvedSearch,
    deadline: Deadline,
    begin: Callable[[ResolvedSearch], SearchMethod],
    processes: int = 1,
) -> tuple[ResolvedSearch, str]:
    """Settings with which a search meets the deadline on this machine.

    Epochs are reduced first. If too few would be left, images are reduced as well and rehearsed
    again: an epoch on a quarter of the images takes more than a quarter of the time.

    Args:
        settings: their epochs and images are upper limits.
        deadline: time already spent counts, and so do the rehearsals.
        begin: makes a search to rehearse (`SearchMethod.cost`).
        processes: number in the job, for methods whose trainings they share.

    Returns:
        The settings, and how they were found: ``budget of 300 s at 0.12 s per epoch``.
    """
    most, rehearsals = settings.epochs, 0
    while True:
        search = begin(settings)
        cost, rehearsals = search.cost(), rehearsals + 1
        each = for_trainings(deadline) * (processes if cost.shared else 1) / cost.trainings
        epochs = (each - cost.start) / cost.epoch
        fewest = min(search.fewest_epochs, most)
        images = search.problem.images
        # Both halves keep the shares of the classes.
        smallest = min(settings.images, max(_FEWEST_IMAGES, images.task.fewest(images.labels)))
        enough = epochs >= _NEAR * fewest
        if enough or settings.images <= smallest or rehearsals == _REHEARSALS:
            break
        fitting = int(settings.images * max(0.0, epochs) / fewest)
        settings = settings.with_images(max(smallest, fitting))
    chosen = max(1, min(most, int(epochs)))
    found = f"budget of {deadline.seconds:.0f} s at {cost.epoch:.2f} s per epoch"
    if epochs < 1:
        found += ", too short for the smallest search, which takes longer"
    return settings.model_copy(update={"epochs": chosen}), found


def for_trainings(deadline: Deadline) -> float:
    """Seconds left for training; a share is kept for what follows, such as the report."""
    return deadline.left() - (1 - _SHARE) * deadline.seconds


def replan(search: SearchMethod, record: Record, deadline: Deadline, most: int) -> str | None:
    """Fit the rest of a search to the time left, after each iteration.

    The plan changes if the rest would take longer than that, or much less, at the speed of the
    last iteration.

    Args:
        record: that of the last iteration.
        most: the epochs asked for, which are never exceeded.

    Returns:
        What changed, in words; None if nothing did.
    """
    processes = search.problem.processes
    # The plan is the first process's, whose share of the trainings is the largest.
    took = record["seconds"]
    measured = (for_trainings(deadline), took * search.remaining()) if processes.first else None
    left, expected = processes.broadcast(measured)
    before = list(search.plan)
    if search.iteration < search.length and not _SLACK * left <= expected <= left:
        search.replan(max(0.0, left) / max(expected, 1e-9), most)
    if search.plan == before:
        return None
    return f"budget: {max(0.0, left):.0f} s are left at this speed, so {search.plan_in_words()}"

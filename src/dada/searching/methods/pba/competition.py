"""Who copies whom, and what is tried next: the decisions of Ray Tune's population based training.

Ray decides, and the house trains. Tune's own runner would bring processes, clocks and checkpoints
of its own, so that progress, budget, Ctrl-C and resuming would differ from any other search, and
trials would need a Ray cluster, if only a local one. Its scheduler needs none of that: in its
synchronous mode it decides once all scores of a round are in, from nothing but these. So it is
asked anew after each round, and draws from a generator seeded for that round. The same scores give
the same decisions, wherever the trials were trained.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from random import Random
from types import SimpleNamespace
from typing import Any, NamedTuple

from dada.compute.randomness import stream
from dada.extras import library
from dada.searching.methods.pba.values import Values, explored

QUANTILE = 0.25
"""The share of the trials that copies, and that is copied."""


class Entry(NamedTuple):
    """How a trial begins a round.

    Attributes:
        source: the trial whose weights it goes on from: itself, or a better one.
        values: its policy.
    """

    source: int
    values: Values


def compete(
    values: Sequence[Values],
    accuracies: Sequence[float],
    *,
    number: int,
    seed: int,
    quantile: float = QUANTILE,
) -> list[Entry]:
    """How every trial begins the next round: the worst quarter copies trials of the best, and
    explores; the others go on.

    Args:
        values: the policy of each trial in the round that is over.
        accuracies: of each trial after it, on held-out images.
        number: the round's, from 1.
        seed: of the search.
        quantile: the share that copies, rounded up, and that is copied; at most a half.

    Raises:
        UserError: Ray Tune is not installed.
    """
    library("ray.tune", "method pba")
    from ray.tune.experiment import Trial  # noqa: PLC0415

    trials = [
        Trial(
            "pba",
            config={"trial": n, "values": own},  # a copy has the number of its source
            trial_id=str(n),
            restore_path=".",  # what has no checkpoint is not copied; this one is never opened
            stub=True,
        )
        for n, own in enumerate(values)
    ]
    controller = SimpleNamespace(
        search_alg=None, get_trials=lambda: trials, get_live_trials=lambda: trials
    )
    scheduler = population_based_training(seed, quantile)
    for trial in trials:
        trial.status = Trial.PAUSED
        scheduler.on_trial_add(controller, trial)
    with _quiet():
        for trial, accuracy in zip(trials, accuracies, strict=True):
            result = {"training_iteration": number, "accuracy": accuracy}
            scheduler.on_trial_result(controller, trial, result)
    return [Entry(trial.config["trial"], tuple(trial.config["values"])) for trial in trials]


def population_based_training(seed: int, quantile: float = QUANTILE) -> Any:
    """Ray Tune's scheduler with PBA's way to explore, in its synchronous mode.

    Trials have "values" in their config, and report an "accuracy" after each round.

    Args:
        seed, quantile: as in `compete`.
    """
    from ray.tune.schedulers import PopulationBasedTraining  # noqa: PLC0415

    class Seeded(PopulationBasedTraining):
        """Draws by seed and round alone, whichever trial is the last to report."""

        def on_trial_result(self, tune_controller: Any, trial: Any, result: dict[str, Any]) -> Any:
            with _seeded(stream(seed, result["training_iteration"])):
                return super().on_trial_result(tune_controller, trial, result)

    return Seeded(
        time_attr="training_iteration",
        metric="accuracy",
        mode="max",
        perturbation_interval=1,
        quantile_fraction=quantile,
        custom_explore_fn=_explore,
        log_config=False,
        synch=True,
    )


def _explore(config: dict[str, Any]) -> dict[str, Any]:
    own = Random(random.getrandbits(64))
    return {**config, "values": explored(config["values"], own)}


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Python's global generator, seeded, and left as it was found."""
    state = random.getstate()
    random.seed(seed)
    try:
        yield
    finally:
        random.setstate(state)


@contextmanager
def _quiet() -> Iterator[None]:
    """Without Ray's lines about each copy."""
    logger = logging.getLogger("ray.tune.schedulers.pbt")
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(level)

"""Which set to try next: Optuna's tree-structured Parzen estimator (Bergstra et al. 2011)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from dada.extras import library
from dada.searching.methods.fast_autoaugment.tried import Set, Tried

_PARTS = ("operation", "probability", "magnitude")
_SEEDS = 2**32  # NumPy's, which Optuna draws with


class Suggestions:
    """A study of sets of sub-policies, in memory.

    An operation is one of a list, its probability and magnitude are numbers in [0, 1], and each of
    these parameters has a model of its own, as in HyperOpt. No state is hidden: what comes next
    follows from what was tried and a seed.

    Args:
        operations: their names.
        size, length: sub-policies of a set, and operations of each.
        random: trials before the first that follows a model.
        kind: of reward, "loss" or "accuracy".
        tried: all trials so far, in order.

    Raises:
        UserError: Optuna is not installed.
    """

    def __init__(
        self,
        operations: Sequence[str],
        size: int,
        length: int,
        random: int,
        kind: str,
        tried: Sequence[Tried] = (),
    ) -> None:
        self._optuna: Any = library("optuna", "method fast_autoaugment")
        self._shape, self._random, self._kind = (size, length), random, kind
        name = self._optuna.distributions.CategoricalDistribution(list(operations))
        number = self._optuna.distributions.FloatDistribution(0.0, 1.0)
        self._space = {
            parameter: number if index % len(_PARTS) else name
            for index, parameter in enumerate(self._parameters())
        }
        with _silent(self._optuna):
            # Departs from the published code, where Ray Tune calls HyperOpt's TPE, for up to 80
            # trials at a time: here each trial knows all before it.
            self._study = self._optuna.create_study(direction="maximize")
        for one in tried:
            values = [value for own in one.sub_policies for entry in own for value in entry]
            self._study.add_trial(
                self._optuna.trial.create_trial(
                    params=dict(zip(self._parameters(), values, strict=True)),
                    distributions=self._space,
                    value=one.reward(kind),
                )
            )

    def ask(self, seed: int) -> Set:
        """What to try next; then `tell` has to follow."""
        self._study.sampler = self._optuna.samplers.TPESampler(
            n_startup_trials=self._random,
            multivariate=False,
            constant_liar=False,
            seed=seed % _SEEDS,
        )
        self._asked = self._study.ask(self._space)
        values, (size, length) = iter(self._asked.params.values()), self._shape
        return tuple(
            tuple((next(values), next(values), next(values)) for _ in range(length))
            for _ in range(size)
        )

    def tell(self, tried: Tried) -> None:
        """What came of it."""
        self._study.tell(self._asked, tried.reward(self._kind))

    def _parameters(self) -> list[str]:
        size, length = self._shape
        return [f"{part} {i} {j}" for i in range(size) for j in range(length) for part in _PARTS]


@contextmanager
def _silent(optuna: Any) -> Iterator[None]:
    """Without a line for each new study; the caller's own use of Optuna is left as it was."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(before)

"""The default: a model of the rewards learns from every draw, and its gradient is exact."""

from __future__ import annotations

from typing import Any

from dada.augment import Table
from dada.estimators import Regression, with_critic
from dada.searching.methods.dada.gradients.features import OperationFeatures
from dada.searching.methods.dada.gradients.strategy import PolicyGradient
from dada.searching.methods.dada.outcome import Outcome
from dada.searching.sample import Groups, Sample


class CriticGradient(PolicyGradient):
    """The gradient of a regression of the rewards on what was applied.

    With 105 sub-policies and one draw an image, a sub-policy is seen about once a step, and what
    is seen is mostly the image. But a reward is nearly the sum of its operations' effects, which
    are few and shared, and effects change more slowly than the network's weights do: so they are
    learnt from many steps by Bayesian regression, and the policy's gradient follows from them by
    differentiating the expectation, which is a short sum.

    Args:
        table: the sub-policies.
        spread: randomness of magnitudes, as in `dada.policy.Operation`.
        memory: steps that the past is worth.
        correction: λ of `dada.estimators.with_critic`. 0 is the model's gradient, biased where
            rewards are not what its features can say or have changed; 1 is unbiased, and as
            noisy as REINFORCE.
    """

    def __init__(self, table: Table, spread: float, memory: float, correction: float = 0.0) -> None:
        self.features = OperationFeatures(table, spread)
        self.regression = Regression(self.features.prior, memory)
        self.correction = correction

    def __call__(self, sample: Sample, outcome: Outcome) -> Groups:
        """See `PolicyGradient`."""
        features = self.features.of(sample)
        # Less the mean of the other draws, as rewards are.
        features = (features - features.mean(0)) * len(sample) / (len(sample) - 1)
        # The correction needs a prediction that has not seen these rewards.
        effects = self.regression.mean() if self.correction else None
        self.regression.observe(features, outcome.advantage.detach())
        if effects is None:
            effects = self.regression.mean()
        score = sample.log_selection + sample.log_applied + sample.log_magnitude.sum(-1)
        surrogate = with_critic(
            outcome.advantage,
            features @ effects,
            score,
            self.features.expected(sample.logits) @ effects,
            self.correction,
        )
        return sample.gradients(surrogate)

    def state_dict(self) -> dict[str, Any]:
        """What the regression has seen."""
        return self.regression.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from what `state_dict` gave."""
        self.regression.load_state_dict(state)

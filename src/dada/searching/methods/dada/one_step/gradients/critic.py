"""The default: a model of the rewards learns from every draw, and its gradient is exact."""

from __future__ import annotations

from typing import Any

from dada.augment import Table
from dada.estimators import Regression, with_critic
from dada.searching.methods.dada.one_step.gradients.features import OperationFeatures
from dada.searching.methods.dada.one_step.gradients.strategy import PolicyGradient
from dada.searching.methods.dada.one_step.outcome import Outcome
from dada.searching.sample import Groups, Sample


class CriticGradient(PolicyGradient):
    """The gradient of a regression of the rewards on what was applied.

    With 105 sub-policies and one draw per image, a sub-policy is seen about once per step, and its
    reward depends mostly on the image. But a reward is nearly the sum of its operations' effects,
    which are few and shared, and which change more slowly than the network's weights. So they are
    learnt from many steps by Bayesian regression, and the policy's gradient follows by
    differentiating the expectation, which is a short sum.

    Args:
        table: the sub-policies.
        spread: randomness of magnitudes, as in `dada.policy.Operation`.
        memory: effective number of past steps that count.
        correction: λ of `dada.estimators.with_critic`. 0 is the model's gradient, which is biased
            if its features cannot express the rewards or if these have changed; 1 is unbiased, and
            as noisy as REINFORCE.
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
        """Continue from a `state_dict`."""
        self.regression.load_state_dict(state)

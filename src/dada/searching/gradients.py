"""From rewards to the gradient of the policy distribution: the estimators at work.

A strategy is called with the sample, the rewards of its draws and, if it asks for them,
derivatives, and returns the gradient of each draw with respect to the sample's rows.
The search loop never asks which one it got.
"""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor

from dada.estimators import gumbel_softmax, relax, variance_objective
from dada.searching.control_variate import ControlVariate
from dada.searching.distribution import Sample
from dada.searching.outcome import Outcome

Gradients = tuple[Tensor, Tensor, Tensor]


class PolicyGradient(Protocol):
    """A strategy: an estimator applied to a sample."""

    needs_derivatives: bool

    def __call__(self, sample: Sample, outcome: Outcome) -> Gradients:
        """Gradient of each draw's expected reward, (G, S), (G, K), (G, K)."""


class RelaxGradient:
    """RELAX on the rewards, with a leave-one-out baseline before it.

    The control variate sees two things: for the selection, the relaxed selection beside the
    bits' noise (independent of the selection); for the bits, the chosen sub-policy beside the
    relaxed bits. Each of the two estimates is unbiased for any control variate.

    Args:
        control: the control variate; taught on every call.
        optimiser: of the control variate.
    """

    needs_derivatives = False

    def __init__(self, control: ControlVariate, optimiser: torch.optim.Optimizer) -> None:
        self.control = control
        self.optimiser = optimiser

    def __call__(self, sample: Sample, outcome: Outcome) -> Gradients:
        """See `PolicyGradient`."""
        surrogate = self.surrogate(sample, outcome.reward)
        rows = sample.rows.all()
        objective = variance_objective(surrogate, rows[:2])
        gradients = torch.autograd.grad(surrogate.sum(), rows, allow_unused=True, retain_graph=True)
        self.optimiser.zero_grad()
        objective.backward(inputs=list(self.control.parameters()))
        self.optimiser.step()
        return _with_straight_through(sample, outcome, _dense(gradients, rows))

    def surrogate(self, sample: Sample, reward: Tensor) -> Tensor:
        """(G,) whose gradient with respect to the rows is the estimate."""
        control = self.control
        advantage = leave_one_out(reward)
        noise = control.soften_bits(sample.noise_applied)
        chosen = torch.zeros_like(sample.z_selection).scatter_(1, sample.sub_policy[:, None], 1.0)
        selection = relax(
            advantage,
            sample.log_selection,
            lambda z: control(control.soften_selection(z), noise),
            sample.z_selection,
            sample.z_selection_given,
        )

        def bits(z: Tensor) -> Tensor:
            return control(chosen, control.soften_bits(z))

        applied = relax(
            advantage, sample.log_applied, bits, sample.z_applied, sample.z_applied_given
        )
        # A sampled magnitude: its score, less what the bits explain (z̃ is independent of it).
        rest = advantage - bits(sample.z_applied_given.detach()).detach()
        return selection + applied + rest * sample.log_magnitude


class GumbelSoftmaxGradient:
    """Straight-through Gumbel-Softmax through the images.

    Args:
        temperature: of the relaxations.
    """

    needs_derivatives = True

    def __init__(self, temperature: float) -> None:
        self.temperature = temperature

    def __call__(self, sample: Sample, outcome: Outcome) -> Gradients:
        """See `PolicyGradient`."""
        assert outcome.selection_derivative is not None
        assert outcome.applied_derivative is not None
        # Only the chosen sub-policy was computed, so only its coordinate has a derivative.
        at_choice = torch.zeros_like(sample.z_selection).scatter_(
            1, sample.sub_policy[:, None], outcome.selection_derivative[:, None]
        )
        surrogate = gumbel_softmax((sample.z_selection / self.temperature).softmax(-1), at_choice)
        surrogate = surrogate + gumbel_softmax(
            (sample.z_applied / self.temperature).sigmoid(), outcome.applied_derivative
        )
        surrogate = surrogate + leave_one_out(outcome.reward) * sample.log_magnitude
        rows = sample.rows.all()
        gradients = torch.autograd.grad(surrogate.sum(), rows, allow_unused=True)
        return _with_straight_through(sample, outcome, _dense(gradients, rows))


def leave_one_out(reward: Tensor) -> Tensor:
    """Each reward less the mean of the others; unbiased since draws are independent.

    Batch normalisation couples the images of a batch a little, so this is exact only up to
    an image's effect on the others' rewards. A single draw has no others and stays.
    """
    count = len(reward)
    return reward if count == 1 else (reward - reward.mean()) * count / (count - 1)


def _dense(gradients: tuple[Tensor | None, ...], rows: tuple[Tensor, Tensor, Tensor]) -> Gradients:
    a, b, c = (
        torch.zeros_like(row) if g is None else g for g, row in zip(gradients, rows, strict=True)
    )
    return a, b, c


def _with_straight_through(sample: Sample, outcome: Outcome, gradients: Gradients) -> Gradients:
    """∂image/∂magnitude = 1 at every pixel (DADA, 3.2), where magnitudes are not sampled."""
    if outcome.magnitude_derivative is None:
        return gradients
    m = sample.magnitude
    logit = outcome.magnitude_derivative.where(sample.relevant, 0.0) * m * (1 - m)
    return gradients[0], gradients[1], logit

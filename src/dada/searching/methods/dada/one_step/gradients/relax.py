"""RELAX, applied to draws, with its learnt control variate."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from dada.estimators import reinforce, relax, variance_objective
from dada.searching.methods.dada.one_step.gradients.strategy import PolicyGradient, scored
from dada.searching.methods.dada.one_step.outcome import Outcome
from dada.searching.sample import Groups, Sample


class RelaxGradient(PolicyGradient):
    """RELAX on the rewards, after their baselines.

    The control variate sees two things: for the selection, the relaxed selection beside the
    bits' noise (independent of the selection); for the bits, the chosen sub-policy beside the
    relaxed bits. Each of the two estimates is unbiased for any control variate.

    Args:
        control: the control variate; trained on every call.
        optimiser: the control variate's.
    """

    def __init__(self, control: ControlVariate, optimiser: torch.optim.Optimizer) -> None:
        self.control = control
        self.optimiser = optimiser

    def __call__(self, sample: Sample, outcome: Outcome) -> Groups:
        """See `PolicyGradient`."""
        surrogate = self._surrogate(sample, outcome)
        gradients = sample.gradients(surrogate, outcome.magnitude_derivative)
        objective = variance_objective(surrogate, sample.rows.all()[:2])
        self.optimiser.zero_grad()
        objective.backward(inputs=list(self.control.parameters()))
        self.optimiser.step()
        return gradients

    def _surrogate(self, sample: Sample, outcome: Outcome) -> Tensor:
        """(G,) whose gradient with respect to the rows is the estimate."""
        control, advantage = self.control, outcome.advantage
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
        rest = advantage - bits(sample.z_applied_given.detach())
        return selection + applied + reinforce(rest, scored(sample, outcome).sum(-1))

    def state_dict(self) -> dict[str, Any]:
        """The control variate and its optimiser."""
        return {"control": self.control.state_dict(), "optimiser": self.optimiser.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from a `state_dict`."""
        self.control.load_state_dict(state["control"])
        self.optimiser.load_state_dict(state["optimiser"])


class ControlVariate(nn.Module):
    """An MLP on the relaxed draw: S·(K+1) → hidden → tanh → 1 (the paper's).

    Its inputs are the relaxed selection and, for every sub-policy, the selection times each relaxed
    bit; bits run from −1 to 1.

    Args:
        size: S, sub-policies.
        length: K, operations per sub-policy.
        hidden: width.
        temperature: of the relaxations.
    """

    def __init__(self, size: int, length: int, hidden: int, temperature: float) -> None:
        super().__init__()
        self.temperature = temperature
        self.inner = nn.Linear(size * (length + 1), hidden, dtype=torch.float64)
        self.outer = nn.Linear(hidden, 1, dtype=torch.float64)
        nn.init.zeros_(self.outer.weight)  # starts as no control variate: plain REINFORCE
        nn.init.zeros_(self.outer.bias)

    def soften_selection(self, z: Tensor) -> Tensor:
        """(G, S) relaxed logits to a point of the simplex."""
        return (z / self.temperature).softmax(-1)

    def soften_bits(self, z: Tensor) -> Tensor:
        """(G, K) relaxed logits to (−1, 1)."""
        return (z / (2 * self.temperature)).tanh()

    def forward(self, selection: Tensor, bits: Tensor) -> Tensor:
        """(G, S) on the simplex and (G, K) in [−1, 1] to (G,)."""
        pairs = selection[:, :, None] * bits[:, None, :]
        features = torch.cat([selection, pairs.flatten(1)], dim=1)
        return self.outer(self.inner(features).tanh()).squeeze(-1)

"""The two parts: one step against the exact gradient, and 320 steps against the ranking."""

import torch
from scipy.stats import spearmanr
from torch import Tensor

from benchmarks._searches import DEFAULTS, PAPER_POLICY_LR
from benchmarks.gradient_noise.rows import Row
from benchmarks.gradient_noise.table import RewardTable
from dada.estimators import leave_one_out
from dada.policy import SearchSpace
from dada.searching.distribution import PolicyDistribution
from dada.searching.methods.dada.one_step.gradients import PolicyGradient
from dada.searching.methods.dada.one_step.outcome import Outcome
from dada.searching.methods.dada.one_step.scale import RewardScale
from dada.searching.methods.dada.one_step.updates import AdamUpdate, NaturalUpdate, Update
from dada.searching.sample import Groups

GROUPS = ("alpha", "beta", "magnitude")
CHAINS = 8  # independent runs of an estimator that remembers


class Learner:
    """An estimator that learns from the table."""

    def __init__(self, row: Row, space: SearchSpace, table: RewardTable, seed: int) -> None:
        self.row, self.table = row, table
        self.distribution = PolicyDistribution(space, direct=row.update == "paper")
        self.strategy: PolicyGradient = row.strategy(self.distribution, table)
        self.scale = RewardScale()
        self.generator = torch.Generator().manual_seed(seed)
        self.images = len(table.reward)

    def step(self) -> Groups:
        """One step's gradient, from new draws."""
        row = self.row
        draws = row.views if row.one_draw else row.views * self.images
        sample = self.distribution.sample(draws, self.generator)
        rewards, derivatives = self.table.at(sample, row.one_draw)
        advantage = self._advantage(rewards.view(row.views, -1)).flatten()
        magnitude = {"straight-through": derivatives[:, 3:5], "pathwise": derivatives[:, 5:7]}
        return self.strategy(
            sample,
            Outcome(
                advantage=advantage,
                selection_derivative=derivatives[:, 0],
                applied_derivative=derivatives[:, 1:3],
                magnitude_derivative=magnitude[row.magnitudes] if row.magnitudes else None,
            ),
        )

    def _advantage(self, rewards: Tensor) -> Tensor:
        if self.row.baseline == "none":
            return rewards
        if self.row.baseline == "unaugmented":
            return rewards - self.table.unaugmented
        if self.row.alone:
            return rewards - leave_one_out(rewards)
        advantage, unit = self.scale(rewards)
        return advantage * unit  # the table's rewards have a unit of their own


def one_step(
    row: Row, space: SearchSpace, table: RewardTable, repeats: int, warm: int
) -> dict[str, dict]:
    """One step's gradient at the starting point, against the exact one, by group.

    Args:
        row: the estimator.
        repeats: steps measured.
        warm: steps of learning before these, for an estimator that learns.

    Returns:
        By group: `error`, the mean squared error relative to the exact gradient's square; `bias`,
        the root mean square over coordinates of the mean error in standard errors (about 1 without
        bias); `cosine`, the mean cosine with the exact gradient.
    """
    chains = CHAINS if row.remembers else 1
    # A single draw per step is cheap, and its errors have heavy tails.
    steps = repeats * 20 if row.one_draw else repeats // chains
    found = []
    for chain in range(chains):
        learner = Learner(row, space, table, seed=chain)
        for _ in range(warm if row.learns else 0):
            learner.step()
        found.append([_flat(learner.step()) for _ in range(steps)])
    exact = _flat(table.gradient(PolicyDistribution(space)))
    result = {}
    for group, name in enumerate(GROUPS):
        estimates = torch.stack([torch.stack([s[group] for s in chain]) for chain in found])
        result[name] = _compare(estimates, exact[group])
    return result


def _flat(gradients: Groups) -> list[Tensor]:
    return [g.detach().flatten() for g in gradients.all()]


def _compare(estimates: Tensor, exact: Tensor) -> dict[str, float]:
    """(chains, steps, parameters) against (parameters)."""
    # Steps of one chain share what it has learnt, so only chains are independent.
    independent = estimates.mean(1) if len(estimates) > 1 else estimates[0]
    error = independent.mean(0) - exact
    standard = independent.std(0) / len(independent) ** 0.5
    moving = standard > 1e-12 * exact.abs().max()  # operations without magnitude have no estimate
    squares = (estimates - exact).square().sum(-1).mean()
    flat = estimates.flatten(0, 1)
    return {
        "error": (squares / exact.square().sum()).item(),
        "bias": (error / standard)[moving].square().mean().sqrt().item(),
        "cosine": torch.cosine_similarity(flat, exact[None], dim=1).mean().item(),
    }


def learn(row: Row, space: SearchSpace, table: RewardTable, steps: int, seed: int) -> float:
    """Spearman's correlation of the weights learnt in `steps` steps with the exact ranking.

    Only the selection learns: if probabilities and magnitudes changed, so would the ranking.
    """
    learner = Learner(row, space, table, seed)
    update = _update(learner)
    for _ in range(steps):
        found = learner.step()
        fixed = torch.zeros_like(found.probability)
        update(Groups(found.selection, fixed, fixed))
    start = PolicyDistribution(space)
    exact = table.expected(start, start.logits()).detach()
    return float(spearmanr(learner.distribution.weights(), exact).statistic)


def _update(learner: Learner) -> Update:
    if learner.row.update == "natural":
        return NaturalUpdate(learner.distribution, DEFAULTS.policy_lr)
    return AdamUpdate(learner.distribution, PAPER_POLICY_LR, DEFAULTS.betas)

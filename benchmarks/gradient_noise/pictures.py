"""The study as pictures."""

from pathlib import Path

import matplotlib
import torch
from torch import Tensor

matplotlib.use("Agg")
from matplotlib import pyplot as plt

from benchmarks.gradient_noise.rows import ROWS
from benchmarks.gradient_noise.study import Learner
from benchmarks.gradient_noise.table import RewardTable
from dada.policy import SearchSpace
from dada.searching.distribution import PolicyDistribution


def draw_errors(result: dict, path: Path) -> None:
    """Each estimator's relative error in one step, for the selection and the probabilities."""
    names = [name for name, row in ROWS.items() if name in result and not row.like]
    figure, axis = plt.subplots(figsize=(9, 0.33 * len(names) + 1))
    for y, name in enumerate(names):
        found = result[name]
        color = "C3" if name == "published" else "C0" if name == result["default"] else "0.45"
        axis.plot([found["alpha"], found["beta"]], [y, y], color="0.85", zorder=1)
        axis.scatter(found["alpha"], y, color=color, zorder=3)
        axis.scatter(found["beta"], y, facecolor="white", edgecolor=color, zorder=2)
        axis.text(2.4e5, y, f"{found['cost']:.0f}", va="center", ha="right", fontsize=9)
    axis.axvline(1, color="0.6", linewidth=1, linestyle=":")
    axis.text(1, len(names) - 0.35, "no gradient at all", fontsize=8, color="0.4", ha="center")
    axis.text(2.4e5, -0.9, "forward passes", fontsize=9, ha="right")
    axis.set_yticks(range(len(names)), [ROWS[name].words for name in names], fontsize=9)
    axis.set(xscale="log", xlim=(1e-2, 3e5), ylim=(len(names) - 0.2, -1.3))
    axis.set_xlabel("squared error of one step's gradient, relative (● α, ○ β)")
    axis.spines[["top", "right", "left"]].set_visible(False)
    axis.tick_params(left=False)
    figure.tight_layout()
    figure.savefig(path)
    plt.close(figure)


def draw_tables(table: RewardTable, space: SearchSpace, path: Path, seed: int = 0) -> None:
    """The exact rewards, and what one step of some estimators shows of them, by sub-policy."""
    start = PolicyDistribution(space)
    exact = table.expected(start, start.logits()).detach()
    panels = {
        "exact": exact - exact.mean(),
        "the published estimator, one step": _one_step("published", space, table, seed),
        "REINFORCE, one draw per image, one step": _one_step("leave_one_out", space, table, seed),
        "critic, after 50 steps": _one_step("critic", space, table, seed, before=49),
    }
    figure, axes = plt.subplots(1, 4, figsize=(15, 4.6))
    for axis, (title, values) in zip(axes, panels.items(), strict=True):
        limit = values.abs().max().item()
        axis.imshow(_square(values, space).numpy(), cmap="RdBu", vmin=-limit, vmax=limit)
        names = space.operations
        axis.set_xticks(range(len(names) - 1), names[1:], rotation=90, fontsize=7)
        axis.set_yticks(range(len(names) - 1), names[:-1], fontsize=7)
        correlation = torch.corrcoef(torch.stack([values, exact]))[0, 1].item()
        note = "" if title == "exact" else f"\ncorrelation with the exact {correlation:.2f}"
        axis.set_title(title + note, fontsize=9)
        axis.spines[:].set_visible(False)
    figure.tight_layout()
    figure.savefig(path)
    plt.close(figure)


def _one_step(
    name: str, space: SearchSpace, table: RewardTable, seed: int, before: int = 0
) -> Tensor:
    learner = Learner(ROWS[name], space, table, seed)
    for _ in range(before):
        learner.step()
    return learner.step().selection


def _square(values: Tensor, space: SearchSpace) -> Tensor:
    """(S,) to a table of first by second operation; NaN where there is no sub-policy."""
    count = len(space.operations)
    square = torch.full((count - 1, count), float("nan"))
    for (first, second), value in zip(space.sub_policies, values.tolist(), strict=True):
        square[space.operations.index(first), space.operations.index(second)] = value
    return square[:, 1:]

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

MEMORYLESS = {"published": "C3", "relax": "C1", "gumbel_softmax": "C1", "rebar": "C1"}


def draw_errors(result: dict, path: Path) -> None:
    """One step's relative error against its cost, for the selection and the probabilities."""
    figure, axes = plt.subplots(1, 2, figsize=(11, 4.6), sharex=True)
    for axis, group, symbol in zip(axes, ("alpha", "beta"), ("α", "β"), strict=True):
        for name, row in ROWS.items():
            if name not in result or row.like:
                continue
            found = result[name]
            color = "C0" if name.startswith("critic") else MEMORYLESS.get(name, "C7")
            axis.scatter(found["cost"], found[group], color=color, zorder=3)
            axis.annotate(
                row.words,
                (found["cost"], found[group]),
                xytext=(6, 0),
                textcoords="offset points",
                va="center",
                fontsize=7.5,
                color=color,
            )
        axis.axhline(1, color="0.6", linewidth=1, linestyle=":")
        axis.text(23.6, 1.15, "no gradient at all", fontsize=7.5, color="0.4", ha="right")
        axis.set(yscale="log", xlim=(6, 24), xlabel="cost of a step, forward passes")
        axis.set_ylabel(f"relative squared error of one step's {symbol} gradient")
        axis.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    figure.savefig(path)
    plt.close(figure)


def draw_tables(table: RewardTable, space: SearchSpace, path: Path, seed: int = 0) -> None:
    """What is to be found and what one step of each shows of it, sub-policy by sub-policy."""
    start = PolicyDistribution(space)
    exact = table.expected(start, start.logits()).detach()
    panels = {
        "exact": exact - exact.mean(),
        "the published estimator, one step": _one_step("published", space, table, seed),
        "REINFORCE, one draw an image, one step": _one_step("leave_one_out", space, table, seed),
        "critic, after 50 steps": _one_step("critic", space, table, seed, before=49),
    }
    figure, axes = plt.subplots(1, 4, figsize=(15, 4.6))
    for axis, (title, values) in zip(axes, panels.items(), strict=True):
        limit = values.abs().max().item()
        axis.imshow(_square(values, space), cmap="RdBu", vmin=-limit, vmax=limit)
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
    """(S,) to the operations' first by second; what is no sub-policy is NaN."""
    count = len(space.operations)
    square = torch.full((count - 1, count), float("nan"))
    for (first, second), value in zip(space.sub_policies, values.tolist(), strict=True):
        square[space.operations.index(first), space.operations.index(second)] = value
    return square[:, 1:]

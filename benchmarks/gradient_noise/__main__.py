"""Run the study: see `benchmarks.gradient_noise`."""

import argparse
import statistics
import sys
import time
from pathlib import Path

import torch

import benchmarks.gradient_noise as package
from benchmarks._contract import finish, parser_of
from benchmarks._searches import Frozen, frozen_child
from benchmarks.gradient_noise import cost
from benchmarks.gradient_noise.pictures import draw_errors, draw_tables
from benchmarks.gradient_noise.rows import DEFAULT, ROWS, Row
from benchmarks.gradient_noise.study import GROUPS, learn, one_step
from benchmarks.gradient_noise.table import RewardTable, measure_table
from dada.datasets import load
from dada.policy import SearchSpace


def main() -> None:
    options = _options()
    dataset = load(options.data)
    frozen = frozen_child(dataset, options.model, options.epochs)
    table = measure_table(frozen, options.images, options.levels)
    noise = describe(table, frozen)
    costs = cost.measure(frozen, options.images)
    torch.set_num_threads(1)  # the rest is small, and two threads would only wait for each other
    space = frozen.distribution.space
    result: dict[str, object] = {"default": DEFAULT, "costs": costs, "noise": noise}
    print(HEADER)
    for name in options.only or ROWS:
        row = ROWS[name]
        like = result.get(row.like or "")
        found = dict(like) if isinstance(like, dict) else measure(row, space, table, options)
        found["cost"], found["cost_seconds"] = cost.of(row, costs)
        found["rank_correlations"] = [
            learn(row, space, table, options.steps, seed) for seed in range(options.seeds)
        ]
        found["rank_correlation"] = statistics.mean(found["rank_correlations"])
        result[name] = found
        print(line(row.words, found), flush=True)
    finish(result, options.json)
    if options.pictures:
        options.pictures.mkdir(parents=True, exist_ok=True)
        draw_errors(result, options.pictures / "gradient_noise.svg")
        draw_tables(table, space, options.pictures / "reward_tables.svg")


def _options() -> argparse.Namespace:
    parser = parser_of(package)
    parser.add_argument("--data", default="digits")
    parser.add_argument("--model", help="child network [wrn-10-1 for the digits, else wrn-16-1]")
    parser.add_argument("--epochs", type=int, default=8, help="that it is trained for")
    parser.add_argument("--images", type=int, default=96, help="whose rewards are measured")
    parser.add_argument("--levels", type=int, default=2, help="magnitudes of each operation")
    parser.add_argument("--repeats", type=int, default=80, help="steps measured per row")
    parser.add_argument("--warm", type=int, default=60, help="steps of learning before these")
    parser.add_argument("--steps", type=int, default=320, help="of the second part")
    parser.add_argument("--seeds", type=int, default=1, help="of the second part")
    parser.add_argument("--only", nargs="+", choices=list(ROWS), help="rows to measure")
    parser.add_argument("--pictures", type=Path, help="folder for two figures")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    options.model = options.model or ("wrn-10-1" if options.data == "digits" else "wrn-16-1")
    return options


def describe(table: RewardTable, frozen: Frozen) -> float:
    """Print and return the noise: the variance of a reward over that of the expected rewards."""
    start = frozen.distribution
    means = table.expected(start, start.logits()).detach()
    images, size = len(table.reward), 1 + table.levels
    noise = 1 / means.var(unbiased=False).item()
    print(
        f"{images} images x {len(means)} sub-policies x {size * size} outcomes; the variance of "
        f"a draw's reward is {noise:.0f} times that of the sub-policies' expected rewards"
    )
    return noise


def measure(row: Row, space: SearchSpace, table: RewardTable, options: argparse.Namespace) -> dict:
    """The first part for a row, as in the JSON."""
    started = time.perf_counter()
    found = one_step(row, space, table, options.repeats, options.warm)
    print(f"{row.words}: {time.perf_counter() - started:.1f} s", file=sys.stderr)
    result: dict = {name: found[name]["error"] for name in GROUPS}
    result["bias"] = {name: found[name]["bias"] for name in GROUPS}
    result["cosine"] = {name: found[name]["cosine"] for name in GROUPS}
    return result


HEADER = (
    f"{'':32} {'relative error of one step':^32} {'bias, s.e.':^17} {'cosine':>6} "
    f"{'cost':>5} {'s':>6} {'error×cost':>10} {'rank':>5}\n"
    f"{'':32} {'alpha':>10} {'beta':>10} {'magnitude':>10} {'α':>5} {'β':>5} {'m':>5} {'α':>6} "
    f"{'':>5} {'':>6} {'α':>10}"
)


def line(words: str, found: dict) -> str:
    """A row of the table."""
    errors = " ".join(f"{found[name]:10.4g}" for name in GROUPS)
    biases = " ".join(f"{found['bias'][name]:5.1f}" for name in GROUPS)
    return (
        f"{words:32} {errors} {biases} {found['cosine']['alpha']:6.3f} {found['cost']:5.1f} "
        f"{found['cost_seconds']:6.3f} {found['alpha'] * found['cost']:10.4g} "
        f"{found['rank_correlation']:5.2f}"
    )


if __name__ == "__main__":
    main()

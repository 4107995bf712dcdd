"""Seconds per search step: our variants, a plain baseline and the published code.

    python -m benchmarks.search_step [--published CHECKOUT] [--device cuda] [--json FILE]

Every alternative does a whole step: draw, operations, train and validation gradients, rewards,
policy and network updates. Each runs in its own processes, in turn: ours as the command line runs
it, with freed memory kept (`dada.compute.memory`), the others both as they are and with that.
`--published` is a checkout of github.com/VDIGPKU/DADA, which is measured as it is.
"""

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from benchmarks._contract import finish, in_turn, seconds_of
from benchmarks._noise import noise
from benchmarks._plain import PlainSearch
from benchmarks._published_code import PublishedSearch
from benchmarks._searches import begin_steps, step_of
from dada.compute.device import pick_device

OURS: dict[str, dict[str, Any]] = {
    "default": {"preset": "step"},
    "traced": {"preset": "step", "hypergradient": "traced"},
    "views 2": {"preset": "step", "views": 2},
    "paper": {"preset": "paper"},
    "paper, exact": {"preset": "paper", "hypergradient": "exact"},
}
KEPT = ", memory kept"


def alternative(
    name: str, options: argparse.Namespace, device: torch.device
) -> Callable[[], object]:
    """The alternative with that name, ready to step."""
    dataset = noise(4 * options.batch, options.side)
    if name in OURS:
        common = {"model": options.model, "batch": options.batch, "images": 4 * options.batch}
        return step_of(begin_steps(dataset, device, **OURS[name], **common))
    images, labels = dataset.train.images, dataset.train.labels
    if name == "plain":
        return PlainSearch(options.model, images, labels, options.batch, device).step
    return PublishedSearch(options.published, images, labels, options.batch, device).step


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="wrn-40-2")
    parser.add_argument("--side", type=int, default=32)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--rounds", type=int, default=3, help="processes of each alternative")
    parser.add_argument(
        "--repeats", type=int, default=2, help="steps measured in each, after three"
    )
    parser.add_argument("--published", type=Path, help="checkout of the published code")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="alternatives to measure")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    device = pick_device(options.device)
    if options.one:
        step = alternative(options.one, options, device)
        seconds = [seconds_of(step) for _ in range(3 + options.repeats)]
        print(json.dumps(seconds[3:]))
        return
    common = ["--model", options.model, "--side", str(options.side), "--device", options.device]
    common += ["--batch", str(options.batch), "--repeats", str(options.repeats)]
    others = ["plain"]
    if options.published:
        common += ["--published", str(options.published)]
        others.append("published")
    module = ["-m", "benchmarks.search_step", "--one"]
    alternatives = {name: [*module, name, *common] for name in [*OURS, *others]}
    alternatives |= {name + KEPT: alternatives[name] for name in others}
    chosen = {name: alternatives[name] for name in options.only or alternatives}
    times = in_turn(chosen, {*OURS, *(name + KEPT for name in others)}, options.rounds)
    slowest = others[-1] if others[-1] in times else next(reversed(times))
    print(f"{options.model}, batch {options.batch}, {options.side}x{options.side}, {device}")
    print(f"{'':22} {'seconds':>8} {'quartiles':>17} {'times as fast as ' + slowest:>27}")
    for name, t in times.items():
        ratio = times[slowest]["median"] / t["median"]
        print(f"{name:22} {t['median']:8.3f} {t['low']:8.3f} {t['high']:8.3f} {ratio:27.2f}")
    finish({**{name: t["median"] for name, t in times.items()}, "quartiles": times}, options.json)


if __name__ == "__main__":
    main()

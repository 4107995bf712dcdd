"""A round of trials: in parallel, one after another on all threads, and on one thread.

    python -m benchmarks.trials [--data cifar10.npz] [--device cuda] [--json FILE]

Every alternative runs the same short trials, as many as a round of the default search.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import torch

from benchmarks._contract import finish, measure
from benchmarks._searches import Round, trial_round
from dada.compute.device import pick_device
from dada.compute.parallel import concurrency, run_parallel
from dada.datasets import load


def one_after_another(trials: Round) -> None:
    """In this process, on all of its threads."""
    for number in range(trials.count):
        trials.trial(number, lambda: None)


def on_one_thread(trials: Round) -> None:
    """In this process, on one of its threads."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    one_after_another(trials)
    torch.set_num_threads(threads)


def ways(trials: Round, device: torch.device) -> dict[str, Callable[[], object]]:
    """The alternatives; only one if trials cannot run in parallel."""
    found: dict[str, Callable[[], object]] = {
        "one after another": lambda: one_after_another(trials)
    }
    if concurrency(trials.count, device, **trials.load) == 1:
        return found
    return {
        "in parallel": lambda: list(
            run_parallel(trials.count, trials.trial, device, **trials.load)
        ),
        **found,
        "on one thread": lambda: on_one_thread(trials),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="digits")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    device, dataset = pick_device(options.device), load(options.data)
    trials = trial_round(dataset, device, options.epochs)
    times = measure(ways(trials, device), options.repeats, warmup=1)
    print(f"{trials.count} trials of {options.epochs} epochs, {dataset.name}, {device}")
    for name, t in times.items():
        print(f"{name:20} {t['median']:8.3f} {t['low']:8.3f} {t['high']:8.3f}")
    finish({"trials": trials.count, "epochs": options.epochs, "quartiles": times}, options.json)


if __name__ == "__main__":
    main()

"""A round of trials: side by side, one after another on all threads, and on one thread.

    python -m benchmarks.trials [--data cifar10.npz] [--device cuda] [--json FILE]

Every alternative makes the same short trials, as many as a round of the default search.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import torch

from benchmarks._contract import finish, measure
from dada.compute.device import pick_device
from dada.compute.parallel import concurrency
from dada.datasets import load
from dada.searching.methods.trials import TrialSearch
from dada.searching.run import new_search
from dada.searching.settings import for_dataset, make_settings


def run_parallel(search: TrialSearch) -> None:
    """As a search does it."""
    search.epoch = 0
    search.run_epoch()


def one_after_another(search: TrialSearch) -> None:
    """In this process, on all of its threads."""
    for name in search.operations:
        search.trial(search.train, search.valid, search.alone(name), 0)


def on_one_thread(search: TrialSearch) -> None:
    """In this process, on one of its threads."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    one_after_another(search)
    torch.set_num_threads(threads)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="digits")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    device = pick_device(options.device)
    dataset = load(options.data)
    torch.manual_seed(0)
    settings = make_settings(epochs=options.epochs)
    search = new_search(
        for_dataset(settings, dataset, device.type == "cuda"), dataset, None, device
    )
    ways: dict[str, Callable] = {"one after another": one_after_another}
    if concurrency(2, device) > 1:
        ways = {"side by side": run_parallel, **ways, "on one thread": on_one_thread}
    alternatives = {name: (lambda way=way: way(search)) for name, way in ways.items()}
    times = measure(alternatives, options.repeats, warmup=1)
    count = len(search.operations)
    print(f"{count} trials of {options.epochs} epochs, {dataset.name}, {device}")
    for name, t in times.items():
        print(f"{name:20} {t['median']:8.3f} {t['low']:8.3f} {t['high']:8.3f}")
    finish({"trials": count, "epochs": options.epochs, "quartiles": times}, options.json)


if __name__ == "__main__":
    main()

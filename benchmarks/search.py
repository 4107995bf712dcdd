"""A whole search: time, peak memory, and, of a search a step at a time, where the time goes.

    python -m benchmarks.search [--data cifar10.npz] [--json FILE]
    python -m benchmarks.search --preset step [--data cifar10.npz] [--model wrn-40-2] [--json FILE]

The paper's search is 20 epochs of 16 steps on 4,000 images of CIFAR-10. The shares are of the
time inside the search's own parts, the device synchronised after each, so that a GPU's total is
a little longer here than without.
"""

import argparse
import resource
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import torch

from benchmarks._contract import finish
from dada.compute.device import pick_device
from dada.datasets import load
from dada.searching.methods.dada.search import Search
from dada.searching.run import new_search
from dada.searching.settings import for_dataset, make_settings


class Stopwatch:
    """Adds up the time spent in functions, by name."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)

    def around(self, name: str, run: Callable) -> Callable:
        """The function, watched."""

        def watched(*arguments, **named):
            started = time.perf_counter()
            try:
                return run(*arguments, **named)
            finally:
                if torch.cuda.is_available():
                    torch.cuda.synchronize()
                self.seconds[name] += time.perf_counter() - started

        return watched


def watch(search: Search) -> Stopwatch:
    """Watch the parts of a search's step."""
    watch, step = Stopwatch(), search.step
    step._draw = watch.around("draw and operations", step._draw)
    search.child.gradient = watch.around("train and validation gradients", search.child.gradient)
    step._rewards = watch.around("rewards", step._rewards)
    for part, name in ((step.policy_gradient, "policy gradient"), (step.update, "policy update")):
        # Calls are looked up in the class: this object gets one of its own.
        call = watch.around(name, type(part).__call__)
        part.__class__ = type("Watched", (type(part),), {"__call__": call})
    step.child.descend = watch.around("network update", step.child.descend)
    return watch


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="digits")
    parser.add_argument("--model")
    parser.add_argument("--preset", choices=["default", "step", "paper"], default="default")
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--hypergradient", choices=["exact", "traced"])
    parser.add_argument("--device", default="auto")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    device = pick_device(options.device)
    dataset = load(options.data)
    torch.manual_seed(0)
    chosen = ("preset", "model", "epochs", "hypergradient")
    settings = make_settings(**{name: getattr(options, name) for name in chosen})
    settings = for_dataset(settings, dataset, device.type == "cuda")
    search = new_search(settings, dataset, None, device)
    stopwatch = watch(search) if isinstance(search, Search) else Stopwatch()
    started = time.perf_counter()
    epochs = []
    for _ in range(search.length):
        epochs.append(search.run_epoch()["seconds"])
        print(f"{search.unit} {len(epochs)}: {epochs[-1]:.2f} s", flush=True)
    total = time.perf_counter() - started
    print(f"{search.words()}: {total:.1f} s, peak {peak_mib(device):.0f} MiB")
    shares = dict(stopwatch.seconds)
    if shares:
        shares["the rest"] = total - sum(shares.values())
    for name, seconds in sorted(shares.items(), key=lambda item: -item[1]):
        print(f"{name:32} {seconds:8.2f} s {100 * seconds / total:5.1f} %")
    found = {"words": search.words(), "unit": search.unit, "seconds": total, "epochs": epochs}
    finish({**found, "peak_mib": peak_mib(device), "shares": shares}, options.json)


def peak_mib(device: torch.device) -> float:
    """The most memory so far: the GPU's, or that of this process and of its largest child."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated() / 2**20
    of = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return max(resource.getrusage(who).ru_maxrss for who in of) / 2**10


if __name__ == "__main__":
    main()

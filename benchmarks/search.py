"""A whole search on the reduced set: time, peak memory, and where the time goes.

    python -m benchmarks.search [--data cifar10.npz] [--model wrn-40-2] [--json FILE]

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
from dada.datasets import load
from dada.models.device import pick_device
from dada.searching.run import new_search
from dada.searching.search import Search
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
        type(part).__call__ = watch.around(name, type(part).__call__)
    step.child.descend = watch.around("network update", step.child.descend)
    return watch


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="digits")
    parser.add_argument("--model")
    parser.add_argument("--preset", choices=["step", "paper"], default="step")
    parser.add_argument("--epochs", type=int, default=20)
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
    stopwatch = watch(search)
    started = time.perf_counter()
    epochs = []
    for _ in range(settings.epochs):
        epochs.append(search.run_epoch()["seconds"])
        print(f"epoch {len(epochs)}: {epochs[-1]:.2f} s", flush=True)
    total = time.perf_counter() - started
    if device.type == "cuda":
        peak = torch.cuda.max_memory_allocated() / 2**20
    else:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
    steps = settings.epochs * search.steps_per_epoch
    print(
        f"{settings.model}, {steps} steps of {settings.batch}: {total:.1f} s, peak {peak:.0f} MiB"
    )
    shares = {**stopwatch.seconds, "the rest": total - sum(stopwatch.seconds.values())}
    for name, seconds in sorted(shares.items(), key=lambda item: -item[1]):
        print(f"{name:32} {seconds:8.2f} s {100 * seconds / total:5.1f} %")
    result = {"seconds": total, "epochs": epochs, "peak_mib": peak, "shares": shares}
    finish(result, options.json)


if __name__ == "__main__":
    main()

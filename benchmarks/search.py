"""A whole search: time, peak memory and, for method dada, where the time goes.

    python -m benchmarks.search [--data cifar10.npz] [--json FILE]
    python -m benchmarks.search --preset step [--data cifar10.npz] [--model wrn-40-2] [--json FILE]

The paper's search is 20 epochs of 16 steps on 4,000 images of CIFAR-10. The shares are of the time
inside the search's own parts, with the device synchronised after each, so a GPU's total is slightly
longer than without.
"""

import argparse
import resource
import time
from pathlib import Path

import torch

from benchmarks._contract import finish
from benchmarks._searches import advances, begin, watch
from dada.compute.device import pick_device
from dada.datasets import load


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
    chosen = ("preset", "model", "epochs", "hypergradient")
    search = begin(dataset, device, **{name: getattr(options, name) for name in chosen})
    shares = watch(search)
    started = time.perf_counter()
    epochs = []
    for record in advances(search):
        epochs.append(record["seconds"])
        print(f"{search.unit} {len(epochs)}: {epochs[-1]:.2f} s", flush=True)
    total = time.perf_counter() - started
    print(f"{search.words()}: {total:.1f} s, peak {peak_mib(device):.0f} MiB")
    if shares:
        shares["draws, operations and the rest"] = total - sum(shares.values())
    for name, spent in sorted(shares.items(), key=lambda item: -item[1]):
        print(f"{name:32} {spent:8.2f} s {100 * spent / total:5.1f} %")
    found = {"words": search.words(), "unit": search.unit, "seconds": total, "epochs": epochs}
    finish({**found, "peak_mib": peak_mib(device), "shares": shares}, options.json)


def peak_mib(device: torch.device) -> float:
    """Peak memory so far, in MiB: the GPU's, or the larger of this process's and of a child's."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated() / 2**20
    both = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return max(resource.getrusage(who).ru_maxrss for who in both) / 2**10


if __name__ == "__main__":
    main()

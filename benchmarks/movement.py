"""How far a search by method dada moves its policy, in each quarter of its epochs.

    python -m benchmarks.movement [--data cifar10.npz] [--preset step] [--json FILE]

A movement is the norm of the change in everything that is learnt: logits of the selection,
probabilities and magnitudes. With random steps of one size all quarters would be alike.
"""

import argparse
from itertools import pairwise
from pathlib import Path

import torch
from torch import Tensor

from benchmarks._contract import finish
from benchmarks._searches import advances, begin_steps
from dada.compute.device import pick_device
from dada.datasets import load
from dada.searching.distribution import PolicyDistribution


def parameters(distribution: PolicyDistribution) -> Tensor:
    """Everything that is learnt, as one vector."""
    return torch.cat([p.detach().flatten() for p in distribution.parameters()])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="digits")
    parser.add_argument("--preset", choices=["paper", "step"], default="paper")
    parser.add_argument("--model", default="wrn-10-1")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    device, dataset = pick_device(options.device), load(options.data)
    given = {name: getattr(options, name) for name in ("preset", "model", "batch", "epochs")}
    moved, ends = [], []
    for seed in range(options.seeds):
        search = begin_steps(dataset, device, seed=seed, **given)
        places = [parameters(search.distribution)]
        for epoch, _ in enumerate(advances(search), 1):
            if 4 * epoch // search.length > 4 * (epoch - 1) // search.length:
                places.append(parameters(search.distribution))
        moved.append([(b - a).norm().item() for a, b in pairwise(places)])
        ends.append(ranges(search.distribution))
        quarters = " ".join(f"{distance:.3f}" for distance in moved[-1])
        print(f"seed {seed}, {search.words()}: moved {quarters}; {ends[-1]}")
    means = torch.tensor(moved).mean(0).tolist()
    print("mean:", " ".join(f"{distance:.3f}" for distance in means))
    finish({"moved": moved, "ends": ends}, options.json)


def ranges(d: PolicyDistribution) -> dict[str, list[float]]:
    """The lowest and the highest value in each group."""
    groups = {"weights": d.weights(), "probabilities": d.probabilities()}
    groups["magnitudes"] = d.magnitudes()[d.table.has_magnitude]
    return {name: [g.min().item(), g.max().item()] for name, g in groups.items()}


if __name__ == "__main__":
    main()

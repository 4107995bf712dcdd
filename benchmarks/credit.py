"""Whose reward is it? Batch normalisation lets an image's draw change the others' rewards.

    python -m benchmarks.credit [--data digits|cifar10.npz] [--model wrn-10-1] [--json FILE]

Half of a batch gets one operation, the other half stays under the uniform policy. The whole
batch's change of reward is what that operation is worth; the search sees only what it credits to
the changed images: the whole effect on their own losses (`exact_rewards`), or their activations'
share (`Trace`). Printed for each operation, with standard errors over batches, and as
correlations over operations with the whole batch's change.
"""

import argparse
from pathlib import Path

import torch
from torch import Tensor

from benchmarks._contract import finish
from benchmarks.gradient_noise.__main__ import frozen_child
from dada.augment import apply
from dada.bilevel import Trace, exact_rewards
from dada.datasets import load
from dada.searching.search import Search


def rewards(search: Search, images: Tensor, mask: Tensor, labels: Tensor, direction) -> Tensor:
    """(2, B) exact and traced rewards of a batch of uint8 images."""
    child, trace = search.child, Trace(search.child.model)
    seen = search.step.pipeline.normalise(images)
    with trace:
        child.gradient(seen * mask, labels)
    with child.autocast():
        traced = trace.rewards(direction)
    exact = exact_rewards(
        lambda w, x: child.losses(w, x * mask, labels), child.parameters, direction, seen
    )
    return torch.stack([exact.value, traced]).double()


def one_batch(search: Search, size: int, generator: torch.Generator) -> Tensor:
    """(operations, 3) change of reward for each changed image: in all, exact, traced."""
    pipeline, distribution, half = search.step.pipeline, search.distribution, size // 2
    table = distribution.table

    def some(images, count: int):
        return images.subset(torch.randperm(len(images), generator=generator)[:count])

    train, valid = some(search.train, size), some(search.valid, 512)
    direction = search.child.gradient(
        pipeline.normalise(valid.images), valid.labels, search.child.parameters
    ).weights
    original = pipeline.crop_and_flip(train.images, generator)
    mask = pipeline.cutout_mask(original, generator).expand(size, -1, -1, -1)
    sample = distribution.sample(size, generator)
    mixed = apply(original, distribution.realise(sample, torch.arange(size), generator))
    mixed[:half] = original[:half]
    before = rewards(search, mixed, mask, train.labels, direction)
    found = []
    for operation in range(len(table.operations)):
        place = (table.operation == operation).nonzero()[0]
        applied = torch.zeros(half, table.operation.shape[1], dtype=torch.bool)
        applied[:, place[1]] = True
        noise = torch.rand(4, half, applied.shape[1], dtype=torch.float64, generator=generator)
        chosen = torch.full((half,), int(place[0]))
        draw = table.realise(
            chosen, applied, noise[0], noise[1] < 0.5, noise[2:].permute(1, 2, 0).contiguous()
        )
        changed = torch.cat([apply(original[:half], draw), mixed[half:]])
        change = rewards(search, changed, mask, train.labels, direction) - before
        found.append(torch.stack([change[0].sum(), *change[:, :half].sum(1)]) / half)
    return torch.stack(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="digits")
    parser.add_argument("--model", default="wrn-10-1")
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--batches", type=int, default=12)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    search = frozen_child(load(options.data), options.model, options.epochs)
    generator = torch.Generator().manual_seed(3)
    changes = torch.stack(
        [one_batch(search, options.batch, generator) for _ in range(options.batches)]
    )
    means, errors = changes.mean(0), changes.std(0) / options.batches**0.5
    print(f"{'':14} {'whole batch':>16} {'exact':>16} {'traced':>16}")
    names = search.distribution.table.operations
    for name, mean, error in zip(names, means.tolist(), errors.tolist(), strict=True):
        cells = [f"{m:8.3f} ± {e:5.3f}" for m, e in zip(mean, error, strict=True)]
        print(f"{name:14} " + " ".join(cells))
    correlation = torch.corrcoef(means.T)[0, 1:].tolist()
    print(f"correlation with the whole: exact {correlation[0]:.3f}, traced {correlation[1]:.3f}")
    result = {
        "operations": dict(zip(names, means.tolist(), strict=True)),
        "correlation": dict(zip(("exact", "traced"), correlation, strict=True)),
    }
    finish(result, options.json)


if __name__ == "__main__":
    main()

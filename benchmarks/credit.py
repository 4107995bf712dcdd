"""Whose reward is it? With batch normalisation, one image's draw changes the others' rewards.

    python -m benchmarks.credit [--data digits|cifar10.npz] [--model wrn-10-1] [--seeds 3]

Half of a batch gets one operation, the other half stays under the uniform policy. The change in the
whole batch's reward is the operation's effect; the search sees only what it credits to the changed
images: the whole effect on their own losses (`exact_rewards`), or their activations' share
(`Trace`), with and without the mean that cannot be attributed to any image. It is printed for each
operation and child, with standard errors over batches, and as correlations with the whole batch's
change: over operations, of the means over batches; and over operations and batches.
"""

import argparse
from pathlib import Path

import torch
from torch import Tensor, nn

from benchmarks._contract import finish
from benchmarks._searches import Frozen, frozen_child
from dada.augment import apply
from dada.bilevel import Trace, exact_rewards
from dada.datasets import ImageSet, load

KINDS = ("exact", "traced", "not centred")


class NotCentred(Trace):
    """Rewards that keep the means which cannot be attributed to any image."""

    def __init__(self, model: nn.Module, images: Tensor) -> None:
        super().__init__(model, images)
        self.shiftless = frozenset()


def rewards(
    frozen: Frozen,
    traces: tuple[Trace, Trace],
    images: Tensor,
    mask: Tensor,
    labels: Tensor,
    v: dict[str, Tensor],
) -> Tensor:
    """(3, B) rewards of a batch of uint8 images, by each of `KINDS`, along v."""
    child = frozen.child
    seen = frozen.pipeline.normalise(images)
    found = [
        exact_rewards(
            lambda w, x: child.losses(w, x * mask, labels, reverse=False), child.parameters, v, seen
        ).value
    ]
    for trace in traces:
        with trace:
            child.gradient(seen * mask, labels)
        found.append(trace.rewards(v))
    return torch.stack(found).double()


def one_batch(
    frozen: Frozen, traces: tuple[Trace, Trace], size: int, generator: torch.Generator
) -> Tensor:
    """(operations, 4) change of reward per changed image: the whole batch's, and by `KINDS`."""
    pipeline, distribution, half = frozen.pipeline, frozen.distribution, size // 2
    table = distribution.table

    def some(images: ImageSet, count: int) -> ImageSet:
        return images.subset(torch.randperm(len(images), generator=generator)[:count])

    train, valid = some(frozen.train, size), some(frozen.valid, 512)
    direction = frozen.child.gradient(
        pipeline.normalise(valid.images), valid.labels, frozen.child.parameters
    ).weights
    original = pipeline.crop_and_flip(train.images, generator)
    mask = pipeline.cutout_mask(original, generator).expand(size, -1, -1, -1)
    sample = distribution.sample(size, generator)
    mixed = apply(original, distribution.realise(sample, torch.arange(size), generator))
    mixed[:half] = original[:half]

    def of(images: Tensor) -> Tensor:
        return rewards(frozen, traces, images, mask, train.labels, direction)

    before = of(mixed)
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
        change = of(changed) - before
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
    parser.add_argument("--seeds", type=int, default=3, help="child networks")
    options = parser.parse_args()
    dataset, found = load(options.data), []
    for seed in range(options.seeds):
        frozen = frozen_child(dataset, options.model, options.epochs, seed)
        generator = torch.Generator().manual_seed(3)
        few = frozen.pipeline.normalise(frozen.train.images[:16])
        traces = Trace(frozen.child.model, few), NotCentred(frozen.child.model, few)
        changes = torch.stack(
            [one_batch(frozen, traces, options.batch, generator) for _ in range(options.batches)]
        )
        means, errors = changes.mean(0), changes.std(0) / options.batches**0.5
        print(f"{'':14} {'whole batch':>16} " + " ".join(f"{kind:>16}" for kind in KINDS))
        names = frozen.distribution.table.operations
        for name, mean, error in zip(names, means.tolist(), errors.tolist(), strict=True):
            cells = [f"{m:8.3f} ± {e:5.3f}" for m, e in zip(mean, error, strict=True)]
            print(f"{name:14} " + " ".join(cells))
        found.append(torch.stack([correlations(means), correlations(changes.flatten(0, 1))]))
        print(f"child {seed}: {described(found[-1])}")
    print(f"mean of {len(found)}: {described(torch.stack(found).mean(0))}")
    result = {kind: [f[:, k].tolist() for f in found] for k, kind in enumerate(KINDS)}
    finish({"correlation": result}, options.json)


def correlations(changes: Tensor) -> Tensor:
    """(rows, 4) to (3,) correlations of the credits with the whole batch's change."""
    return torch.corrcoef(changes.T)[0, 1:]


def described(found: Tensor) -> str:
    """The correlations of the means, and in brackets those of single batches."""
    means, single = found.tolist()
    rows = zip(KINDS, means, single, strict=True)
    return "correlation with the whole: " + ", ".join(f"{k} {m:.3f} ({s:.3f})" for k, m, s in rows)


if __name__ == "__main__":
    main()

"""What bfloat16 does to rewards, and forward mode to their derivatives in images.

    python -m benchmarks.precision [--data digits|cifar10.npz] [--model wrn-40-2] [--json FILE]

It correlates the rewards of a batch with the exact ones in float32, and their derivatives with
respect to the images with finite differences in float32, which alone see the kinks of ReLUs. The
child network is trained for some epochs under the uniform policy.
"""

import argparse
from pathlib import Path

import torch
from torch import Tensor

from benchmarks._contract import finish
from benchmarks._searches import Frozen, frozen_child
from dada.bilevel import Rewards, exact_rewards, finite_difference_rewards
from dada.datasets import load

KINDS = {"exact": exact_rewards, "finite difference": finite_difference_rewards}
PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16}


def rewards(frozen: Frozen, kind: str, precision: str, size: int) -> Rewards:
    """Rewards of the first training images, along the validation gradient in float32."""
    child, pipeline = frozen.child, frozen.pipeline
    train, valid = (part.subset(torch.arange(size)) for part in (frozen.train, frozen.valid))
    child.precision = torch.float32
    direction = child.gradient(
        pipeline.normalise(valid.images), valid.labels, child.parameters
    ).weights
    child.precision = PRECISIONS[precision]
    return KINDS[kind](
        lambda weights, images: child.losses(weights, images, train.labels),
        child.parameters,
        direction,
        pipeline.normalise(train.images),
        image_gradient=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="digits")
    parser.add_argument("--model", default="wrn-40-2")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    frozen = frozen_child(load(options.data), options.model, options.epochs)
    found = {
        f"{kind}, {precision}": rewards(frozen, kind, precision, options.batch)
        for precision in PRECISIONS
        for kind in KINDS
    }
    right, smooth = found["exact, float32"], found["finite difference, float32"]
    result = {
        name: {
            "rewards": correlation(near.value, right.value),
            "in the images": correlation(near.image_gradient, smooth.image_gradient),
        }
        for name, near in found.items()
    }
    print(f"{'':28} {'rewards':>10} {'in the images':>14}")
    for name, both in result.items():
        print(f"{name:28} {both['rewards']:10.4f} {both['in the images']:14.4f}")
    finish({"correlation": result}, options.json)


def correlation(one: Tensor | None, other: Tensor | None) -> float:
    """The correlation over all their numbers."""
    assert one is not None and other is not None
    return torch.corrcoef(torch.stack([one.flatten(), other.flatten()]).double())[0, 1].item()


if __name__ == "__main__":
    main()

"""Images a second under each operation and a whole policy: ours against a Pillow loop.

    python -m benchmarks.operations [--batch 128] [--sides 32 224] [--json FILE]

Both start from and end in a uint8 tensor (B, C, H, W), as a training loop has it; every image
has a value of its own. Losses are shown as ratios below 1.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from benchmarks._contract import finish, measure
from dada.augment import Draw, Sampler, apply
from dada.ops import PAPER_OPERATIONS, get
from dada.policy import Scale, SearchSpace


def with_pillow(images: torch.Tensor, draw: Draw) -> torch.Tensor:
    """The draw by a loop over images in Pillow."""
    results = []
    for row, image in enumerate(images):
        picture = Image.fromarray(image.permute(1, 2, 0).numpy())
        for k in range(draw.operation.shape[1]):
            if draw.applied[row, k]:
                kind = get(draw.operations[draw.operation[row, k]])
                place = (tuple(draw.place[row, k].tolist()),) if kind.random_place else ()
                picture = kind.pillow(picture, draw.value[row, k].item(), *place)
        results.append(torch.from_numpy(np.array(picture)).permute(2, 0, 1))
    return torch.stack(results)


def one_operation(name: str, batch: int, generator: torch.Generator) -> Draw:
    """A draw that applies one operation to every image, over its whole range."""
    kind = get(name)
    share = torch.rand(batch, 1, dtype=torch.float64, generator=generator)
    return Draw(
        (name,),
        torch.zeros(batch, 1, dtype=torch.long),
        torch.ones(batch, 1, dtype=torch.bool),
        kind.low + (kind.high - kind.low) * share,
        torch.rand(batch, 1, 2, dtype=torch.float64, generator=generator),
        torch.full((batch, 1), kind.high - kind.low, dtype=torch.float64),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--sides", type=int, nargs="+", default=[32, 224])
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    generator = torch.Generator().manual_seed(0)
    uniform = Sampler(SearchSpace(scale=Scale("strength")).uniform())
    result: dict[str, object] = {}
    print(f"{'side':>4} {'operation':<14} {'ours/s':>10} {'Pillow/s':>10} {'ratio':>6}  quartiles")
    for side in options.sides:
        shape = (options.batch, 3, side, side)
        images = torch.randint(256, shape, dtype=torch.uint8, generator=generator)
        draws = {name: one_operation(name, options.batch, generator) for name in PAPER_OPERATIONS}
        draws["uniform policy"] = uniform(options.batch, generator)
        for name, draw in draws.items():
            assert torch.equal(apply(images, draw), with_pillow(images, draw)), name
            times = measure(
                {
                    "ours": lambda images=images, draw=draw: apply(images, draw),
                    "pillow": lambda images=images, draw=draw: with_pillow(images, draw),
                },
                options.repeats,
            )
            ours, pillow = times["ours"], times["pillow"]
            result[f"{side}/{name}"] = times
            print(
                f"{side:4d} {name:<14} {options.batch / ours['median']:10.0f} "
                f"{options.batch / pillow['median']:10.0f} "
                f"{pillow['median'] / ours['median']:6.2f}  "
                f"{pillow['low'] / ours['high']:.2f} to {pillow['high'] / ours['low']:.2f}"
            )
    finish(result, options.json)


if __name__ == "__main__":
    main()

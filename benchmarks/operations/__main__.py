"""Time them: see `benchmarks.operations`."""

from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import torch
from torch import Tensor
from torchvision.transforms.v2 import functional as F

import benchmarks.operations as package
from benchmarks._contract import finish, measure, parser_of
from benchmarks.operations.rivals import KORNIA, TORCHVISION, with_pillow
from dada.augment import Draw, Sampler, apply
from dada.export import target, write
from dada.ops import PAPER_OPERATIONS, get
from dada.policy import Policy, Scale, SearchSpace


def one_operation(name: str, batch: int, generator: torch.Generator) -> Draw:
    """A draw that applies one operation to every image, over its whole range."""
    kind = get(name)
    share = torch.rand(batch, 1, dtype=torch.float64, generator=generator)
    return Draw(
        operations=(name,),
        operation=torch.zeros(batch, 1, dtype=torch.long),
        applied=torch.ones(batch, 1, dtype=torch.bool),
        value=kind.low + (kind.high - kind.low) * share,
        place=torch.rand(batch, 1, 2, dtype=torch.float64, generator=generator),
        slope=torch.full((batch, 1), kind.high - kind.low, dtype=torch.float64),
    )


def alternatives(name: str, images: Tensor, draw: Draw) -> dict[str, Callable[[], object]]:
    """What is timed: ours and Pillow for every draw, others if they have the operation."""
    result: dict[str, Callable[[], object]] = {
        "ours": lambda: apply(images, draw),
        "pillow": lambda: with_pillow(images, draw),
    }
    if name in TORCHVISION:
        value = draw.value.quantile(0.75).item()
        result["torchvision"] = lambda: TORCHVISION[name](images, value)
    if name in KORNIA:
        floats = images.float() / 255
        values = draw.value[:, 0].to(images.device, torch.float32)
        result["kornia"] = lambda: KORNIA[name](floats, values)
    return result


def picture_by_picture(policy: Policy, images: Tensor) -> dict[str, Callable[[], object]]:
    """The transform and the exported file, on one picture after another."""
    exported = target("python").load(write(policy, "python"))
    pictures = [F.to_pil_image(image) for image in images.cpu()]

    def alone(augment: Callable) -> Callable[[], object]:
        def run() -> None:
            threads = torch.get_num_threads()
            torch.set_num_threads(1)
            for one in pictures:
                augment(one)
            torch.set_num_threads(threads)

        return run

    return {"ours": alone(policy.transform()), "pillow": alone(exported)}


def line(side: int, name: str, images: Tensor, times: dict[str, dict[str, float]]) -> str:
    """One row of the table; ratios have the widest range that the quartiles allow."""
    ours = times["ours"]
    cells = [f"{side:4d} {name:<14} {len(images) / ours['median']:10.0f}"]
    if images.is_cuda:
        cells.append(f"{2 * images.numel() / ours['median'] / 1e9:7.1f}")
    for rival in ("pillow", "torchvision", "kornia"):
        if theirs := times.get(rival):
            low, high = theirs["low"] / ours["high"], theirs["high"] / ours["low"]
            ratio = f"{theirs['median'] / ours['median']:6.2f} ({low:.2f} to {high:.2f})"
            cells.append(f"{len(images) / theirs['median']:10.0f} {ratio:<24}")
        else:
            cells.append(f"{'–':>10} {'':<24}")
    return " ".join(cells).rstrip()


def main() -> None:
    parser = parser_of(package)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--sides", type=int, nargs="+", default=[32, 224])
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    generator = torch.Generator().manual_seed(0)
    policy = SearchSpace(scale=Scale("strength")).uniform()
    uniform = Sampler(policy)
    result: dict[str, object] = {"batch": options.batch, "device": options.device}
    result["kornia"] = version("kornia") if KORNIA else None
    rivals = " ".join(
        f"{rival + '/s':>10} {'ratio (quartiles)':<24}" for rival in ("Pillow", "torchv.", "kornia")
    )
    speed = "    GB/s " if options.device == "cuda" else " "
    print(f"{'side':>4} {'operation':<14} {'ours/s':>10}{speed}{rivals}".rstrip())
    for side in options.sides:
        shape = (options.batch, 3, side, side)
        images = torch.randint(256, shape, dtype=torch.uint8, generator=generator)
        images = images.to(options.device)
        draws = {name: one_operation(name, options.batch, generator) for name in PAPER_OPERATIONS}
        draws["uniform policy"] = uniform(options.batch, generator)
        for name, draw in draws.items():
            assert torch.equal(apply(images, draw), with_pillow(images, draw)), name
            times = measure(alternatives(name, images, draw), options.repeats)
            result[f"{side}/{name}"] = times
            print(line(side, name, images, times), flush=True)
        times = measure(picture_by_picture(policy, images), options.repeats)
        result[f"{side}/picture by picture"] = times
        print(line(side, "one by one", images, times), flush=True)
    finish(result, options.json)


if __name__ == "__main__":
    main()

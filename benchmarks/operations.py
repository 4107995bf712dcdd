"""Images a second under each operation and a whole policy: ours against what else there is.

    python -m benchmarks.operations [--batch 128] [--sides 32 224] [--device cpu|cuda] [--json FILE]

- ours and Pillow: from and to a uint8 tensor (B, C, H, W) on the device, as a training loop has
  it; every image has a value of its own. Equal to the byte, which is asserted before timing.
- torchvision: its v2 functions on the same tensor, one value for the whole batch.
- kornia, if it is installed: a value for every image, from and to float tensors, its own format;
  the conversion from and to bytes is not counted. Its geometry is nearest-neighbour here too.

- picture by picture: a policy's transform on PIL images, as a DataLoader's worker has them, on one
  thread, against the policy written out in Pillow (`dada export --to python`); drawing included.

torchvision and kornia give other bytes; where their column is empty nothing was compared. A ratio
is our speed over theirs, so losses are ratios below 1. On CUDA ours is also in GB/s: the bytes of
the images, read once and written once.
"""

import argparse
import math
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor
from torchvision.transforms.v2 import functional as F

from benchmarks._contract import finish, measure
from benchmarks._pillow import changed, picture, pixels
from dada.augment import Draw, Sampler, apply
from dada.export import target, write
from dada.ops import PAPER_OPERATIONS, get
from dada.policy import Policy, Scale, SearchSpace

try:
    import kornia
except ImportError:
    kornia = None


def with_pillow(images: Tensor, draw: Draw) -> Tensor:
    """The draw by a loop over images in Pillow."""
    results = []
    for row, image in enumerate(images.cpu()):
        result = picture(image)
        for k in range(draw.operation.shape[1]):
            if draw.applied[row, k]:
                name = draw.operations[draw.operation[row, k]]
                x, y = draw.place[row, k].tolist()
                result = changed(result, name, draw.value[row, k].item(), (x, y))
        results.append(pixels(result))
    return torch.stack(results).to(images.device)


def _affine(
    images: Tensor,
    shift: tuple[int, int] = (0, 0),
    shear: tuple[float, float] = (0.0, 0.0),
    center: list[float] | None = None,
) -> Tensor:
    return F.affine(images, 0.0, list(shift), 1.0, list(shear), center=center)


def _erase(images: Tensor, value: float) -> Tensor:
    side = round(value * images.shape[3])  # one square, at one place for the whole batch
    colour = torch.tensor([125, 123, 114], dtype=torch.uint8, device=images.device)
    return F.erase(images, 8, 8, side, side, colour.view(3, 1, 1))


TORCHVISION: dict[str, Callable[[Tensor, float], Tensor]] = {
    "ShearX": lambda x, v: _affine(x, shear=(math.degrees(math.atan(v)), 0.0), center=[0, 0]),
    "ShearY": lambda x, v: _affine(x, shear=(0.0, math.degrees(math.atan(v))), center=[0, 0]),
    "TranslateX": lambda x, v: _affine(x, shift=(round(v * x.shape[3]), 0)),
    "TranslateY": lambda x, v: _affine(x, shift=(0, round(v * x.shape[2]))),
    "Rotate": F.rotate,
    "AutoContrast": lambda x, v: F.autocontrast(x),
    "Invert": lambda x, v: F.invert(x),
    "Equalize": lambda x, v: F.equalize(x),
    "Solarize": F.solarize,
    "Posterize": lambda x, v: F.posterize(x, int(v)),
    "Contrast": F.adjust_contrast,
    "Color": F.adjust_saturation,
    "Brightness": F.adjust_brightness,
    "Sharpness": F.adjust_sharpness,
    "Cutout": _erase,
}


def pair(first: Tensor, second: Tensor) -> Tensor:
    return torch.stack([first, second], 1)


def _kornia() -> dict[str, Callable[[Tensor, Tensor], Tensor]]:
    """Its functions of float images and a value for each; empty if it is not installed."""
    if kornia is None:
        return {}
    move, enhance = kornia.geometry.transform, kornia.enhance
    return {
        "ShearX": lambda x, v: move.shear(x, pair(v, 0 * v), mode="nearest"),
        "ShearY": lambda x, v: move.shear(x, pair(0 * v, v), mode="nearest"),
        "TranslateX": lambda x, v: move.translate(x, pair(v * x.shape[3], 0 * v), mode="nearest"),
        "TranslateY": lambda x, v: move.translate(x, pair(0 * v, v * x.shape[2]), mode="nearest"),
        "Rotate": lambda x, v: move.rotate(x, v, mode="nearest"),
        "AutoContrast": lambda x, v: enhance.normalize_min_max(x),
        "Invert": lambda x, v: enhance.invert(x),
        "Equalize": lambda x, v: enhance.equalize(x),
        "Solarize": lambda x, v: enhance.solarize(x, v / 256),
        "Posterize": lambda x, v: enhance.posterize(x, v.int()),
        "Contrast": enhance.adjust_contrast_with_mean_subtraction,
        "Color": enhance.adjust_saturation_with_gray_subtraction,
        "Brightness": enhance.adjust_brightness_accumulative,
        "Sharpness": enhance.sharpness,
    }


KORNIA = _kornia()


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


def alternatives(name: str, images: Tensor, draw: Draw) -> dict[str, Callable[[], object]]:
    """What is timed: ours and Pillow for every draw, the others where they have the operation."""
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
    """The transform and the exported file, on pictures of their own."""
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
    """One row of the table; ratios with the quartiles that disagree most."""
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
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
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
    result["kornia"] = kornia.__version__ if kornia else None
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

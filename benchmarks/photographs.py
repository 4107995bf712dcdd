"""Milliseconds per photograph under a policy, in each form in which a photograph may come.

    python -m benchmarks.photographs [--side 224] [--pictures 64] [--json FILE]

AutoAugment's policy for ImageNet on one thread, drawing included: `policy.transform()` against
torchvision's `v2.AutoAugment` and, on NumPy arrays, if it is installed, albumentations under the
same policy as `dada export` writes it. Each draws at random for itself. Bytes are Pillow's with
ours, and with torchvision on PIL images. In a batch ours draws for every image, torchvision once
for all of them.
"""

import argparse
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from sklearn.datasets import load_sample_images
from torchvision.transforms import v2

from benchmarks._contract import finish, measure
from dada import load_policy
from dada.export import write
from dada.export.python import run
from dada.policy import AnyPolicy

Augment = Callable[[Any], object]
ARRAY = "NumPy array (H, W, C)"


def photographs(count: int, side: int) -> list[Image.Image]:
    """Squares cut at random out of scikit-learn's two photographs, and resized."""
    random = np.random.default_rng(0)
    originals = [Image.fromarray(array) for array in load_sample_images().images]
    cuts = []
    for i in range(count):
        picture = originals[i % len(originals)]
        cut = int(random.integers(100, picture.height))
        x = int(random.integers(picture.width - cut))
        y = int(random.integers(picture.height - cut))
        cuts.append(picture.resize((side, side), box=(x, y, x + cut, y + cut)))
    return cuts


def forms(pictures: Sequence[Image.Image]) -> dict[str, Sequence[Any]]:
    """The pictures in every form; the only batch holds them all."""
    arrays = [np.array(picture) for picture in pictures]
    tensors = [torch.from_numpy(a.transpose(2, 0, 1).copy()) for a in arrays]
    return {
        "PIL image": pictures,
        "uint8 tensor (C, H, W)": tensors,
        ARRAY: arrays,
        f"batch of {len(pictures)}": [torch.stack(tensors)],
    }


def rival(form: str, policy: AnyPolicy) -> tuple[str, Augment] | None:
    """Who else augments pictures in this form, and how; None if it is not installed."""
    if form != ARRAY:
        return "torchvision", v2.AutoAugment(v2.AutoAugmentPolicy.IMAGENET)
    if not find_spec("albumentations"):
        return None
    import_module("cv2").setNumThreads(1)
    augment = run(write(policy, "albumentations"))["Augment"]()
    return "albumentations", lambda array: augment(image=array)["image"]


def over(items: Sequence[Any], augment: Augment, passes: int) -> Callable[[], None]:
    """Augment the items, one after the other, several times over."""

    def work() -> None:
        for _ in range(passes):
            for item in items:
                augment(item)

    return work


@contextmanager
def one_thread() -> Iterator[None]:
    """PyTorch on one thread."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--side", type=int, default=224)
    parser.add_argument("--pictures", type=int, default=64)
    parser.add_argument("--passes", type=int, default=16, help="over the pictures, per repeat")
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    policy = load_policy("autoaugment-imagenet")
    work = {}
    for form, items in forms(photographs(options.pictures, options.side)).items():
        work[form, "ours"] = over(items, policy.transform(), options.passes)
        if other := rival(form, policy):
            work[form, other[0]] = over(items, other[1], options.passes)
    found: dict[str, dict[str, dict[str, float]]] = {}
    with one_thread():
        names = {" / ".join(key): key for key in work}
        times = measure({name: work[key] for name, key in names.items()}, options.repeats)
        for name, (form, who) in names.items():
            each = 1000 / (options.passes * options.pictures)
            ms = {quantile: each * seconds for quantile, seconds in times[name].items()}
            found.setdefault(form, {})[who] = ms
            print(f"{form:24} {who:14} {ms['median']:.3f} ms ({ms['low']:.3f} to {ms['high']:.3f})")
        has = find_spec("albumentations")
        result: dict[str, object] = {
            "policy": policy.name,
            "side": options.side,
            "albumentations": version("albumentations") if has else None,
            "forms": found,
        }
        finish(result, options.json)


if __name__ == "__main__":
    main()

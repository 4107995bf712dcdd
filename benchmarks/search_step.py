"""Seconds a search step: the default, the paper preset, a plain baseline and the published code.

    python -m benchmarks.search_step [--published CHECKOUT] [--device cuda] [--json FILE]

Every alternative does a whole step: draw, operations, train and validation gradients, rewards,
policy and network updates. They are taken in turn within one run. `--published` is a checkout of
github.com/VDIGPKU/DADA, which is measured as it is.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import torch

from benchmarks._contract import finish, measure
from benchmarks._plain import PlainSearch
from benchmarks._published_code import PublishedSearch
from dada.datasets import Dataset, ImageSet
from dada.models.device import pick_device
from dada.searching.run import new_search
from dada.searching.settings import for_dataset, make_settings


def random_dataset(count: int, side: int, classes: int) -> Dataset:
    """Noise of the right shape: speed does not depend on what is in the images."""
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(256, (count, 3, side, side), dtype=torch.uint8, generator=generator)
    labels = torch.arange(count) % classes
    part = ImageSet(images, labels)
    return Dataset(
        "noise", part, part.subset(torch.arange(classes)), tuple(map(str, range(classes)))
    )


def ours(dataset: Dataset, device: torch.device, **settings: object) -> Callable[[], object]:
    """A step of a search with these settings."""
    torch.manual_seed(0)
    chosen = for_dataset(make_settings(**settings), dataset, accelerated=device.type == "cuda")
    search = new_search(chosen, dataset, None, device)
    size = chosen.batch
    train, valid = (
        part.subset(torch.arange(size, device=part.labels.device))
        for part in (search.train, search.valid)
    )
    return lambda: search.step(train.images, train.labels, valid.images, valid.labels)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="wrn-40-2")
    parser.add_argument("--side", type=int, default=32)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--published", type=Path, help="checkout of the published code")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    device = pick_device(options.device)
    dataset = random_dataset(4 * options.batch, options.side, 10)
    common = {"model": options.model, "batch": options.batch, "images": 4 * options.batch}
    plain = PlainSearch(
        options.model, dataset.train.images, dataset.train.labels, options.batch, device
    )
    alternatives = {
        "default": ours(dataset, device, preset="step", **common),
        "traced": ours(dataset, device, preset="step", hypergradient="traced", **common),
        "views 2": ours(dataset, device, preset="step", views=2, **common),
        "paper": ours(dataset, device, preset="paper", **common),
        "plain": plain.step,
    }
    if options.published:
        published = PublishedSearch(
            options.published, dataset.train.images, dataset.train.labels, options.batch, device
        )
        alternatives["published"] = published.step
    times = measure(alternatives, options.repeats, warmup=1)
    slowest = "published" if options.published else "plain"
    print(f"{options.model}, batch {options.batch}, {options.side}x{options.side}, {device}")
    print(f"{'':10} {'seconds':>8} {'quartiles':>17} {'times as fast as ' + slowest:>27}")
    for name, t in times.items():
        ratio = times[slowest]["median"] / t["median"]
        print(f"{name:10} {t['median']:8.3f} {t['low']:8.3f} {t['high']:8.3f} {ratio:27.2f}")
    finish({**{name: t["median"] for name, t in times.items()}, "quartiles": times}, options.json)


if __name__ == "__main__":
    main()

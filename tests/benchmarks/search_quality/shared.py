"""What the tests of the study share: a set whose images can be told apart, and results."""

import torch

from benchmarks.search_quality.splits import Sizes
from benchmarks.search_quality.store import Store
from dada.datasets import Dataset, ImageSet

SIZES = Sizes(searches=2, search_images=20, sets=3, set_images=10, judges=20)


def numbered(count, channels=3):
    """Images of two classes, each with its number as its first pixel's value."""
    images = torch.zeros(count, channels, 8, 8, dtype=torch.uint8)
    images[:, 0, 0, 0] = torch.arange(count)
    train = ImageSet(images, torch.arange(count) % 2)
    test = ImageSet(255 - images[:20], train.labels[:20])
    return Dataset("numbered", train, test, ("a", "b"), validation=train)


def numbers(images):
    return set(images.images[:, 0, 0, 0].tolist())


def stored(tmp_path, jobs, value):
    store = Store(tmp_path / "results.jsonl")
    for place, job in jobs.items():
        store.add(job.key, value(place))
    return store

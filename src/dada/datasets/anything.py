"""Whatever a user calls their data, as a `Dataset`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dada.datasets.adapt import MapStyle, from_torch
from dada.datasets.imageset import Dataset, ImageSet, imbalance
from dada.datasets.load import load
from dada.datasets.splits import split_off_test_set

AnyData = str | Path | Dataset | MapStyle | tuple[MapStyle, MapStyle]


def as_dataset(data: AnyData, side: int | None = None, root: str | Path | None = None) -> Dataset:
    """Images from a name or path (`load`), or from PyTorch datasets.

    Args:
        data: a name, a path, a ``Dataset``; a map-style dataset of (picture, label) as
            `from_torch` takes it, of which 20 % of every class are held out as a test set; or a
            pair of them, to train and to test. Their attribute ``classes``, if there is one, names
            the labels.
        side: of the images, in pixels; None keeps or chooses it.
        root: where named sets are kept.

    Raises:
        UserError: as `load` and `from_torch`.
    """
    if isinstance(data, Dataset):
        return data
    if isinstance(data, str | Path):
        return load(data, side=side, root=root)
    pair = data if isinstance(data, tuple) else (data, None)
    name = type(pair[0]).__name__
    train = from_torch(pair[0], side, name)
    if pair[1] is not None:
        test = _like(train, pair[1], side, name)
        classes = _classes(pair[0], train, test)
        return Dataset(name, train, test, classes, notes=imbalance(train.labels, classes))
    classes = _classes(pair[0], train)
    train, test, note = split_off_test_set(name, train, classes)
    return Dataset(name, train, test, classes, notes=(note, *imbalance(train.labels, classes)))


def _like(train: ImageSet, dataset: MapStyle, side: int | None, name: str) -> ImageSet:
    """Test images, of the training images' size where they would be of another."""
    test = from_torch(dataset, side, f"{name} (test)")
    height, width = train.images.shape[2:]
    if test.images.shape[2:] != (height, width) and height == width and side is None:
        return from_torch(dataset, height, f"{name} (test)")
    return test


def _classes(dataset: Any, *parts: ImageSet) -> tuple[str, ...]:
    labels = parts[0].labels
    if labels.ndim == 2:
        count = labels.shape[1]
    else:
        count = 1 + max(int(part.labels.max()) for part in parts)
    names = [str(name) for name in getattr(dataset, "classes", None) or ()]
    return tuple(names if len(names) >= count else map(str, range(count)))

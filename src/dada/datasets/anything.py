"""Turn any kind of user data into a `Dataset`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from operator import length_hint
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from dada.datasets.adapt import MapStyle, bits_used, check_items, from_torch, item_of
from dada.datasets.annotated.items import read_items
from dada.datasets.annotated.targets import is_target
from dada.datasets.choose import Choose
from dada.datasets.hf_splits import is_split, label_splits, name_of_split
from dada.datasets.imageset import Dataset, ImageSet, Parts
from dada.datasets.labels import by_name, numbered, renumbering, single
from dada.datasets.load import complete, load
from dada.datasets.parts import TRAIN, parts_of, ranked, roles_in_words, roles_of
from dada.datasets.pixels import bits_in_words
from dada.datasets.read_splits import read_splits
from dada.errors import UserError

AnyData = str | Path | Dataset | MapStyle | tuple[MapStyle, MapStyle] | Mapping[str, MapStyle]


def as_dataset(
    data: AnyData,
    side: int | None = None,
    root: str | Path | None = None,
    choose: Choose | None = None,
) -> Dataset:
    """Images from a name or path (`load`), a PyTorch dataset or a Hugging Face dataset.

    Args:
        data: a name, a path or a ``Dataset``; a map-style dataset of (picture, label) as in
            `from_torch`, from which 20 % of every class are held out as a test set; or two of
            them, to train on and to test on, as a pair or as ``{"train": …, "test": …}``; beside
            ``"test"`` there may be ``"validation"``, by any of the names in `dada.datasets.parts`.
            Their attribute ``classes``, also behind ``torch.utils.data.Subset`` or
            ``ConcatDataset``, names the labels; labels without names are numbered from 0 in sorted
            order. A Hugging Face split or ``DatasetDict`` is read by `label_splits`.
        side: of the images, in pixels; None keeps or chooses it.
        root: where named sets are kept.
        choose: as in `load`.

    Raises:
        UserError: as in `load` and `from_torch`; or there are more than two datasets.

    Examples:
        >>> from PIL import Image
        >>> pictures = [(Image.new("L", (8, 8), 10 * i), i % 2) for i in range(10)]
        >>> dataset = as_dataset(pictures)
        >>> len(dataset.train), len(dataset.test), dataset.classes
        (8, 2, ('0', '1'))
        >>> dataset.notes
        ('no test images found: 20 % of the images, chosen per class, are held out ... (2 of 10)',)
    """
    if isinstance(data, Dataset):
        return data
    if isinstance(data, str | Path):
        return load(data, side=side, root=root, choose=choose)
    splits = _splits(data)
    if all(map(is_split, splits.values())):
        name = name_of_split(next(iter(splits.values())))
        return read_splits(label_splits(name, name, splits), side, choose)
    parts = parts_of(splits)
    roles = roles_of(parts)
    datasets = {role: splits[name] for name, role in roles.items()}
    name, notes = type(datasets["train"]).__name__, _notes(splits, roles, parts)
    return complete(name, _parts(name, datasets, side, notes))


def _splits(data: Any) -> dict[str, Any]:
    """The datasets by the names of their splits, one of which is to train on."""
    if isinstance(data, Mapping):
        splits = {str(name): part for name, part in data.items()}
        if not ranked(parts_of(splits), TRAIN):
            raise UserError(f"data has parts {', '.join(splits) or 'none'}: train is needed")
        return splits
    if isinstance(data, tuple | list) and data and not any(map(_is_item, data)):
        if len(data) > 2:
            raise UserError(f"{len(data)} datasets: give two, one to train on and one to test on")
        return dict(
            zip(("train", "test"), (part for part in data if part is not None), strict=False)
        )
    return {"train": data}


def _is_item(thing: Any) -> bool:
    """Whether it is not a dataset: a (picture, label) pair, or something else."""
    if isinstance(thing, Mapping):
        return True
    if isinstance(thing, tuple | list):
        return not thing or isinstance(thing[0], Image.Image | torch.Tensor | np.ndarray)
    return thing is not None and not hasattr(thing, "__getitem__")


def _notes(
    splits: dict[str, Any], roles: dict[str, str], parts: dict[str, str | None]
) -> tuple[str, ...]:
    """What became of the parts, unless each is called by what it is."""
    if all(roles.get(name) == name for name in parts):
        return ()
    counts = {name: length_hint(split) for name, split in splits.items()}
    unknown = [
        f"{name} is not used: {counts[name]:,} images" for name, part in parts.items() if not part
    ]
    return (*roles_in_words(roles, parts, counts), *unknown)


def _parts(name: str, datasets: dict[str, Any], side: int | None, said: tuple[str, ...]) -> Parts:
    for part, dataset in datasets.items():
        check_items(dataset, _called(name, part))
    if is_target(item_of(datasets["train"], 0, name)[1]):
        parts = read_items(name, datasets, side, {p: _names(d) for p, d in datasets.items()})
        return replace(parts, notes=(*said, *parts.notes))
    bits = bits_used(*datasets.values(), name=name)
    train = from_torch(datasets["train"], side, name, bits)
    sets = {"train": train} | {
        part: _like(train, dataset, side, _called(name, part), bits)
        for part, dataset in datasets.items()
        if part != "train"
    }
    given = {part: images.labels.numpy() for part, images in sets.items()}
    if len({labels.ndim for labels in given.values()}) > 1:
        raise UserError(
            f"{name}: only some of the sets have several labels per picture: must match"
        )
    names = _names(datasets["train"])
    labels, notes = single(given)
    notes = (*said, *notes)
    notes += () if bits is None else (bits_in_words(bits),)
    for part in [part for part in labels if part != "train"]:
        labels[part] = by_name(name, labels[part], _names(datasets[part]), names, part)
    if labels["train"].ndim == 2:
        width = labels["train"].shape[1]
        classes = names if len(names) == width else tuple(map(str, range(width)))
    elif max(int(values.max()) for values in labels.values()) < len(names):
        classes = names
    else:
        values, labels = numbered(name, labels)
        classes, notes = tuple(map(str, values)), (*notes, *renumbering(values))
        if names:
            notes += (f"{len(names)} class names are too few for the labels: not used",)
    found = {part: _labelled(images, labels[part]) for part, images in sets.items()}
    validation = found.get("validation")
    return Parts(found["train"], found.get("test"), classes, notes=notes, validation=validation)


def _called(name: str, part: str) -> str:
    return name if part == "train" else f"{name} ({part})"


def _labelled(images: ImageSet, labels: np.ndarray) -> ImageSet:
    return ImageSet(images.images, torch.from_numpy(np.ascontiguousarray(labels)))


def _like(
    train: ImageSet, dataset: MapStyle, side: int | None, name: str, bits: int | None
) -> ImageSet:
    """Images of another part, resized to the training images' size if they have another."""
    images = from_torch(dataset, side, name, bits)
    height, width = train.images.shape[2:]
    if images.images.shape[2:] != (height, width) and height == width and side is None:
        return from_torch(dataset, height, name, bits)
    return images


def _names(dataset: Any) -> tuple[str, ...]:
    """Class names: the dataset's own, or those of the dataset that it is a part of."""
    while not getattr(dataset, "classes", None):
        if parts := getattr(dataset, "datasets", None):  # torch.utils.data.ConcatDataset
            named = {_names(part) for part in parts}
            if len(named) > 1:
                raise UserError(
                    f"the parts of a {type(dataset).__name__} have different classes: a label must "
                    "mean the same class in all parts"
                )
            return named.pop()
        if not hasattr(dataset, "dataset"):
            return ()
        dataset = dataset.dataset
    return tuple(str(name) for name in dataset.classes)

"""Datasets of PyTorch whose items are pictures with boxes or with masks."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from PIL import Image
from torchvision.datasets import VOCSegmentation

from dada.compute.memory import check_fits
from dada.datasets.adapt import MapStyle, bits_used, item_of, pixels_of, stack
from dada.datasets.annotated.boxes import box_labels
from dada.datasets.annotated.found import Found, Picture
from dada.datasets.annotated.instances import paint
from dada.datasets.annotated.mask_files import nearest, numbering
from dada.datasets.annotated.masks import VOC_CLASSES
from dada.datasets.annotated.sizes import Sizes, same_shape, usual_size
from dada.datasets.annotated.targets import (
    ObjectReader,
    annotated_size,
    has_masks,
    is_mask,
    mask_of,
)
from dada.datasets.imageset import ImageSet, Parts
from dada.datasets.pixels import bits_in_words, planes, stretched
from dada.errors import UserError
from dada.models.instance_maps import CLASSES
from dada.tasks import Instances

_SAMPLE = 100  # pictures looked at to choose a size
_BACKGROUND = ("background", "__background__")

_Item = tuple[str, tuple[int, int], Any]
"""Where an item is, the height and width of its picture, and its target."""

_Labels = tuple[np.ndarray, tuple[str, ...], tuple[str, ...]]
"""Labels of N pictures, the names of the classes, and notes."""


def read_items(
    name: str,
    datasets: Mapping[str, MapStyle],
    side: int | None,
    names: Mapping[str, Sequence[str]],
) -> Parts:
    """Read every item of datasets of (picture, boxes), (picture, masks) or (picture, mask) once.

    Pictures are as in `dada.datasets.from_torch`, boxes and masks as
    `dada.datasets.annotated.targets` takes them. Images have the size that pictures share, and
    otherwise, or if a side is given, are stretched to one (`usual_size`).

    Args:
        name: of the data.
        datasets: those of each part, ``train`` first.
        side: the shorter side of the images, in pixels; None keeps or chooses it.
        names: for each part, those of the labels from 0; none if they have none.

    Raises:
        UserError: an item is not as described, parts number their classes differently, or the
            images do not fit in memory.
    """
    for part, dataset in datasets.items():
        same = _categories(dataset) == _categories(datasets["train"])
        if not same or (names[part] and names[part] != names["train"]):
            raise UserError(f"{name}: {part} has other classes than train: must be the same")
    size, notes = _size(name, datasets["train"], side)
    total = sum(map(len, datasets.values()))
    first = datasets["train"]
    target = item_of(first, 0, name)[1]
    each = 7 if has_masks(target) else 4  # bytes of a pixel, its label's included
    check_fits(name, each * total * size[0] * size[1], total)
    bits = bits_used(*datasets.values(), name=name)
    notes += () if bits is None else (bits_in_words(bits),)
    read = _masks if is_mask(target) else _instances if has_masks(target) else _boxes
    images: list[np.ndarray] = []

    def items() -> Iterator[_Item]:
        for part, dataset in datasets.items():
            called = name if part == "train" else f"{name} ({part})"
            for index in range(len(dataset)):
                where = f"{called}, item {index}"
                picture, target = item_of(dataset, index, called)
                pixels = pixels_of(picture, where, bits or 16)
                images.append(_resized(pixels, size))
                yield where, (pixels.shape[1], pixels.shape[2]), target

    labels, classes, more = read(items(), size, first, names["train"])
    ends = np.cumsum([len(dataset) for dataset in datasets.values()])[:-1].tolist()
    pairs = zip(
        stack(images, name).tensor_split(ends),
        torch.from_numpy(labels).tensor_split(ends),
        strict=True,
    )
    sets = {part: ImageSet(*pair) for part, pair in zip(datasets, pairs, strict=True)}
    return Parts(
        sets["train"],
        sets.get("test"),
        classes,
        notes=(*notes, *more),
        validation=sets.get("validation"),
    )


def _size(
    name: str, dataset: MapStyle, side: int | None
) -> tuple[tuple[int, int], tuple[str, ...]]:
    """The height and width of all images, and a note where pictures are resized."""
    rows = np.linspace(0, len(dataset) - 1, min(_SAMPLE, len(dataset))).astype(int)
    sizes = []
    for index in rows.tolist():
        pixels = pixels_of(item_of(dataset, index, name)[0], f"{name}, item {index}")
        sizes.append((pixels.shape[1], pixels.shape[2]))
    if side is None and len(set(sizes)) == 1:
        return sizes[0], ()
    size, note = usual_size(sizes, side)
    return size, (note,)


def _resized(pixels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Stretch uint8 (C, H, W) to (C, *size)."""
    if pixels.shape[1:] == size:
        return pixels
    return np.stack([planes(stretched(Image.fromarray(plane), size))[0] for plane in pixels])


def _boxes(
    items: Iterator[_Item], _: tuple[int, int], dataset: Any, names: Sequence[str]
) -> _Labels:
    known = _known(dataset, names)
    reader = ObjectReader(known)
    sizes, pictures = [], []
    for where, own, target in items:
        sizes.append(own)
        said = annotated_size(target)
        pictures.append(Picture(where, reader.boxes_of(target, where), said))
    used = {box.name for picture in pictures for box in picture.boxes}
    _check_any(used, dataset, reader)
    classes = tuple(known.values()) or tuple(sorted(used, key=_number))
    found, upright = Found("boxes", {}, classes), Sizes(tuple(sizes), (False,) * len(sizes))
    labels, notes = box_labels(found, pictures, upright, type(dataset).__name__)
    return labels.targets.numpy(), classes, (*reader.tallies.notes(), *notes)


def _instances(
    items: Iterator[_Item], size: tuple[int, int], dataset: Any, names: Sequence[str]
) -> _Labels:
    known = _known(dataset, names)
    reader, maps = ObjectReader(known), []
    numbers: dict[str, int] = {}  # in the order in which names occur
    for where, own, target in items:
        masks = []
        for name, mask in reader.masks_of(target, where):
            _check_shape(where, own, mask)
            resized = nearest(mask.astype(np.uint8), size) > 0
            masks.append((numbers.setdefault(name, len(numbers)), resized))
        if len(numbers) > CLASSES:
            raise UserError(f"{where}: more than {CLASSES} classes: fewer are told apart in masks")
        maps.append(np.zeros(size, np.int32))
        paint(maps[-1], masks, where, reader.tallies)
    _check_any(numbers, dataset, reader)
    classes = tuple(known.values()) or tuple(sorted(numbers, key=_number))
    places = [classes.index(name) for name in numbers]
    labels, _ = Instances().matched(torch.from_numpy(np.stack(maps)), places)
    return labels.numpy(), classes, reader.tallies.notes()


def _check_any(found: Collection[str], dataset: Any, reader: ObjectReader) -> None:
    if not found:
        why = "".join(f" ({note})" for note in reader.tallies.notes())
        raise UserError(f"{type(dataset).__name__}: no item has an object: at least one must{why}")


def _masks(
    items: Iterator[_Item], size: tuple[int, int], dataset: Any, names: Sequence[str]
) -> _Labels:
    masks, there, places = [], [], []
    for where, own, target in items:
        mask = mask_of(target, where)
        _check_shape(where, own, mask)
        masks.append(nearest(mask, size))
        there.append(np.bincount(mask.ravel(), minlength=256) > 0)
        places.append(where)
    if not names and isinstance(_inner(dataset), VOCSegmentation):
        names = VOC_CLASSES
    table, classes, notes = numbering(np.stack(there), places, names)
    return table[np.stack(masks)], classes, notes


def _check_shape(where: str, own: tuple[int, int], mask: np.ndarray) -> None:
    if not same_shape(own, mask.shape):
        raise UserError(
            f"{where}: mask is {mask.shape[0]}x{mask.shape[1]} pixels, but the picture "
            f"{own[0]}x{own[1]}: must have the same shape"
        )


def _known(dataset: Any, names: Sequence[str]) -> dict[int, str]:
    """The names of the labels of objects; none if they have none."""
    known = _categories(dataset) or dict(enumerate(names))
    if known.get(0, "").lower() in _BACKGROUND:  # a class of masks, not of objects
        del known[0]
    return known


def _number(name: str) -> tuple[int, str]:
    """Numbers by value, before all else."""
    return (int(name), "") if name.isdecimal() else (2**63, name)


def _categories(dataset: Any) -> dict[int, str]:
    """The names by which torchvision's ``CocoDetection`` knows its labels; none of other sets."""
    found = getattr(getattr(_inner(dataset), "coco", None), "cats", None)
    return {number: category["name"] for number, category in found.items()} if found else {}


def _inner(dataset: Any) -> Any:
    """The dataset itself behind ``Subset``, ``ConcatDataset`` and torchvision's wrapper."""
    for attribute in ("dataset", "_dataset"):
        if (inner := getattr(dataset, attribute, None)) is not None:
            return _inner(inner)
    parts = getattr(dataset, "datasets", None)
    return _inner(parts[0]) if parts else dataset

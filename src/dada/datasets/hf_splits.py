"""Read splits of Hugging Face: objects of its library, with pictures and labels in columns."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image
from torch.utils.data import ConcatDataset, Dataset

from dada.compute.memory import available
from dada.datasets.adapt import bits_used, from_torch
from dada.datasets.hf_columns import NOT_NAMED, Columns, find_columns, library
from dada.datasets.imageset import ImageSet, Parts
from dada.datasets.labels import by_name
from dada.datasets.parts import TRAIN, parts_of, ranked, roles_in_words, roles_of
from dada.datasets.pixels import bits_in_words, choose_side
from dada.errors import UserError

_SAMPLE = 1000  # pictures examined to choose a side


def is_split(thing: Any) -> bool:
    """Whether it is a `datasets.Dataset`, without importing the library."""
    return all(hasattr(thing, name) for name in ("features", "with_format", "select_columns"))


def name_of_split(split: Any) -> str:
    """What its dataset is called, or the type of the object if that is not known."""
    return getattr(getattr(split, "info", None), "dataset_name", None) or type(split).__name__


def read_splits(
    source: str, splits: dict[str, Any], side: int | None = None, named: Columns = NOT_NAMED
) -> Parts:
    """Read the training split, and by their names (`dada.datasets.parts`) test and validation.

    Pictures come from a column of images; labels from a column of class labels or, failing that,
    of text or integers, whose values name the classes and are numbered from 0 in sorted order. If
    there are several such columns, the one called `image` or `label` is used. Labels of other
    splits are matched to those of the training split by the names of the classes. A split in which
    some images have no label is not used.

    Args:
        source: for messages.
        splits: `datasets.Dataset` objects by name.
        side: of the images, in pixels; None keeps the size if all share one, and otherwise chooses
            by the median shorter side.
        named: columns chosen by the user.

    Raises:
        UserError: there is no training split, no column of images or labels, or there are several
            and none has the usual name; a split is streamed; or the images do not fit in memory.
    """
    parts = parts_of(splits)
    train = next(iter(ranked(parts, TRAIN)), None)
    if train is None:
        raise UserError(f"{source}: has splits {', '.join(splits)}: train is needed")
    if streamed := [name for name, split in splits.items() if not hasattr(split, "__len__")]:
        raise UserError(
            f"{source}: {streamed[0]} is streamed and has no length: load it without streaming=True"
        )
    features = splits[train].features
    picture, label, others = find_columns(source, features, named)
    labels = {name: _labels(splits[name], label) for name, part in parts.items() if part}
    if not len(labels[train]):
        raise UserError(f"{source}: {train} has no value in {label!r} for some or all images")
    usable = {name: parts[name] for name in labels if len(labels[name])}
    roles = roles_of(usable)
    values, classes = _classes(source, features[label], labels[train])
    for name, role in roles.items():
        if (labels[name].dtype.kind in "iu") != (labels[train].dtype.kind in "iu"):
            raise UserError(f"{source}: labels are text in one of {train} and {name} only")
        if names := getattr(splits[name].features[label], "names", None):
            labels[name] = by_name(source, labels[name], names, classes, role)
    pairs = {
        role: _Pairs(source, name, splits[name], picture, _numbers(source, name, labels, values))
        for name, role in roles.items()
    }
    notes = [f"{source}: images are the column {picture!r}, labels the column {label!r}"]
    if others:
        notes.append(f"columns not used: {', '.join(others)}; add ?label=COLUMN to use another")
    notes += roles_in_words(roles, usable)
    unused = {name: split for name, split in splits.items() if name not in usable}
    notes += [_unused(name, split, known=name in labels) for name, split in unused.items()]
    return _parts(source, pairs, side, classes, notes)


def one_line(error: BaseException) -> str:
    """What an error of another library says."""
    return " ".join(str(error).split()) or type(error).__name__


def _unused(name: str, split: Any, known: bool) -> str:
    many = "1 image" if len(split) == 1 else f"{len(split):,} images"
    return f"{name} is not used: {many}" + (" without labels" if known and len(split) else "")


def _labels(split: Any, column: str) -> np.ndarray:
    """Read a column of labels, (N,); (0,) if not every image in the split has one."""
    if column not in split.features or not len(split):
        return np.empty(0, np.int64)
    values = split.select_columns([column]).with_format("numpy")[:][column]
    if values.dtype.kind not in "iu":  # text; or numbers of which some are missing
        texts = values.tolist()
        return np.array(texts if all(isinstance(v, str) and v for v in texts) else [])
    return values if values.max() >= 0 else values[:0]  # kept secret for a competition, they are -1


def _classes(source: str, kind: Any, labels: np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return the values that name the classes, in order, and the classes' names."""
    names = getattr(kind, "names", None)
    values = np.arange(len(names)) if names else np.unique(labels)
    if len(values) < 2:
        raise UserError(f"{source}: one class only: at least two are needed")
    return values, tuple(names or map(str, values))


def _numbers(
    source: str, name: str, labels: dict[str, np.ndarray], values: np.ndarray
) -> np.ndarray:
    """The labels of a split as indices into the values that name the classes."""
    if len(unknown := np.setdiff1d(labels[name], values)):
        raise UserError(f"{source}: {name} has label {unknown[0]}: must be one of train's classes")
    return np.searchsorted(values, labels[name])


class _Pairs(Dataset[Any]):
    """A split as `from_torch` expects it: each picture is decoded when it is asked for."""

    def __init__(
        self, source: str, name: str, split: Any, picture: str, labels: np.ndarray
    ) -> None:
        self._where, self._picture, self._labels = f"{source}, {name}", picture, labels
        decoded = split.with_format(None).select_columns([picture])
        self._pictures = decoded.cast_column(picture, library().Image())

    def __len__(self) -> int:
        return len(self._labels)

    def __getitem__(self, index: int) -> tuple[Any, int]:
        try:
            return self._pictures[index][self._picture], int(self._labels[index])
        except Exception as error:  # for a broken file Pillow may raise nearly anything
            raise UserError(
                f"{self._where}, item {index}: cannot be decoded: {one_line(error)}"
            ) from error


def _parts(
    source: str,
    pairs: dict[str, _Pairs],
    side: int | None,
    classes: tuple[str, ...],
    notes: Sequence[str],
) -> Parts:
    # All at once, so that training and test images get the same size and channels.
    everything: ConcatDataset[Any] = ConcatDataset(pairs.values())
    chosen, height, width = _sides(everything, side)
    _check_memory(source, len(everything), height, width)
    bits = bits_used(everything, name=source)
    images = from_torch(everything, chosen, source, bits)
    notes = [*notes, *(() if bits is None else (bits_in_words(bits),))]
    if chosen:
        notes = [*notes, f"images resized and cropped to {chosen}x{chosen}; --side changes it"]
    counts = [len(part) for part in pairs.values()]
    sets = {
        role: ImageSet(*part)
        for role, *part in zip(
            pairs, images.images.split(counts), images.labels.split(counts), strict=True
        )
    }
    return Parts(
        sets["train"],
        sets.get("test"),
        classes,
        notes=tuple(notes),
        validation=sets.get("validation"),
    )


def _sides(pairs: ConcatDataset[Any], side: int | None) -> tuple[int | None, int, int]:
    """The side to resize to, chosen if sizes differ, or None; and the height and width to expect.

    Full-size pictures are never in memory together.
    """
    if side:
        return side, side, side
    step = -(-len(pairs) // _SAMPLE)
    pictures = (pairs[index][0] for index in range(0, len(pairs), step))
    sizes = [picture.size for picture in pictures if isinstance(picture, Image.Image)]
    if len(set(sizes)) > 1:
        side = choose_side([min(size) for size in sizes])
        return side, side, side
    width, height = sizes[0] if sizes else (0, 0)
    return None, height, width


def _check_memory(source: str, count: int, height: int, width: int) -> None:
    """Raise UserError, before anything is decoded, if twice the pixels (a copy) would not fit."""
    need, free = count * 3 * height * width, available() // 2
    if need > free:
        raise UserError(
            f"{source}: {count:,} images of {width}x{height} take {need / 2**30:.1f} GiB, but only "
            f"{free / 2**30:.1f} GiB are free for them: give a smaller --side or, in Python, fewer "
            "images, as dataset.select(range(1000)) does"
        )

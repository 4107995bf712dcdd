"""Find the parts, labels and classes of Hugging Face splits; no picture is decoded."""

from typing import Any

import numpy as np
import torch

from dada.datasets.files import FileDataset, split_files
from dada.datasets.hf_columns import NOT_NAMED, Columns, find_columns
from dada.datasets.hf_images import SplitImages
from dada.datasets.labels import by_name
from dada.datasets.parts import TRAIN, parts_of, ranked, roles_in_words, roles_of
from dada.errors import UserError


def is_split(thing: Any) -> bool:
    """Whether it is a `datasets.Dataset`, without importing the library."""
    return all(hasattr(thing, name) for name in ("features", "with_format", "select_columns"))


def name_of_split(split: Any) -> str:
    """What its dataset is called, or the type of the object if that is not known."""
    return getattr(getattr(split, "info", None), "dataset_name", None) or type(split).__name__


def label_splits(
    source: str, name: str, splits: dict[str, Any], named: Columns = NOT_NAMED
) -> FileDataset:
    """Find the training split, and by their names (`dada.datasets.parts`) test and validation.

    Pictures come from a column of images; labels from a column of class labels or, failing that,
    of text or integers, whose values name the classes and are numbered from 0 in sorted order. If
    there are several such columns, the one called `image` or `label` is used. Labels of other
    splits are matched to those of the training split by the names of the classes. A split in which
    some images have no label is not used. No picture is decoded.

    Args:
        source: for messages.
        name: of the data.
        splits: `datasets.Dataset` objects by name.
        named: columns chosen by the user.

    Raises:
        UserError: there is no training split, no column of images or labels, or there are several
            and none has the usual name; a split is streamed; or there are too few images to hold
            out a test set.
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
    for split, role in roles.items():
        if (labels[split].dtype.kind in "iu") != (labels[train].dtype.kind in "iu"):
            raise UserError(f"{source}: labels are text in one of {train} and {split} only")
        if names := getattr(splits[split].features[label], "names", None):
            labels[split] = by_name(source, labels[split], names, classes, role)
    sets = {}
    for split, role in roles.items():
        numbers = torch.from_numpy(_numbers(source, split, labels, values))
        sets[role] = SplitImages.of(f"{source}, {split}", splits[split], picture, numbers)
    notes = [f"{source}: images are the column {picture!r}, labels the column {label!r}"]
    if others:
        notes.append(f"columns not used: {', '.join(others)}; add ?label=COLUMN to use another")
    notes += roles_in_words(roles, usable, {name: len(labels[name]) for name in usable})
    unused = {name: split for name, split in splits.items() if name not in usable}
    notes += [_unused(name, split, known=name in labels) for name, split in unused.items()]
    return split_files(
        name,
        sets["train"],
        sets.get("test"),
        sets.get("validation"),
        classes=classes,
        notes=tuple(notes),
    )


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

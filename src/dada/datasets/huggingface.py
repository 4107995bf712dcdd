"""Read datasets from the Hugging Face Hub, or saved by its library."""

from collections.abc import Sequence
from importlib import import_module
from inspect import signature
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

import numpy as np
from PIL import Image
from torch.utils.data import ConcatDataset, Dataset

from dada.datasets.adapt import bits_used, from_torch
from dada.datasets.imageset import ImageSet, Parts
from dada.datasets.labels import by_name
from dada.datasets.parts import VALIDATION
from dada.datasets.pixels import bits_in_words, choose_side
from dada.errors import UserError

PREFIX = "hf:"
"""The prefix of such sources."""

_TEST = ("test", "validation")  # the first one with labels is the test set
_SAMPLE = 1000  # pictures examined to choose a side


class Columns(NamedTuple):
    """The columns of images and labels that the user named, or None."""

    image: str | None = None
    label: str | None = None


NOT_NAMED = Columns()


def hub_name(source: str) -> str:
    """Return the name of the dataset without its owner, or of the folder.

    Examples:
        >>> hub_name("hf:uoft-cs/cifar100?label=fine_label")
        'cifar100'
    """
    where = source.removeprefix(PREFIX).partition("?")[0].partition(":")[0]
    return Path(where).name or source


def read_hub(
    source: str, side: int | None = None, root: str | Path | None = None, download: bool = True
) -> Parts:
    """Read a dataset with the library `datasets`; code that comes with a dataset is never run.

    Args:
        source: ``hf:OWNER/NAME`` or ``hf:NAME``, followed by ``:CONFIG`` if there are several, or
            ``hf:PATH`` for a folder written by ``save_to_disk``; a path starts with ``/``, ``.``
            or ``~``. End it with ``?image=COLUMN``, ``?label=COLUMN`` or
            ``?image=COLUMN&label=COLUMN`` to choose the columns.
        side: of the images, in pixels; None keeps the size if all share one, and otherwise chooses
            by the median shorter side.
        root: the library's cache; None uses its default.
        download: whether to access the Hub.

    Raises:
        UserError: the library is not installed, nothing is there, or as in `read_splits`.
    """
    where, _, query = source.partition("?")
    return read_splits(source, _open(where, root, download), side, _columns_named(source, query))


def read_splits(
    source: str, splits: dict[str, Any], side: int | None = None, named: Columns = NOT_NAMED
) -> Parts:
    """Read the training split, and `test` and `validation`, which is the test set if it must.

    Pictures come from a column of images, labels from a column of class labels or, failing that, of
    integers, which name the classes and are numbered from 0 in sorted order. If there are several
    such columns, the one called `image` or `label` is used.

    Args:
        source: for messages.
        splits: `datasets.Dataset` objects by name.
        side: as in `read_hub`.
        named: columns chosen by the user.

    Raises:
        UserError: there is no training split, no column of images or labels, or there are several
            and none has the usual name.
    """
    if "train" not in splits:
        raise UserError(f"{source}: has splits {', '.join(splits)}: train is needed")
    if streamed := [name for name, split in splits.items() if not hasattr(split, "__len__")]:
        raise UserError(f"{source}: {streamed[0]} has no length: load it without streaming")
    picture, label, others = _columns(source, splits["train"].features, named)
    used = dict.fromkeys(("train", *_TEST, *VALIDATION))
    labels = {name: _labels(splits[name], label) for name in used if name in splits}
    if not len(labels["train"]):
        raise UserError(f"{source}: train has no integer in {label!r} for some or all images")
    test = next((name for name in _TEST if len(labels.get(name, ()))), None)
    parts = {"train": "train"} | ({test: "test"} if test else {})
    if test and test not in VALIDATION:
        judges = (name for name in VALIDATION if len(labels.get(name, ())))
        parts |= dict.fromkeys(islice(judges, 1), "validation")
    values, classes = _classes(source, splits["train"].features[label], labels["train"])
    for name, part in parts.items():
        if names := getattr(splits[name].features[label], "names", None):
            labels[name] = by_name(source, labels[name], names, classes, part)
    pairs = [
        _Pairs(source, name, splits[name], picture, _numbers(source, name, labels[name], values))
        for name in parts
    ]
    notes = [f"{source}: images are the column {picture!r}, labels the column {label!r}"]
    if others:
        notes.append(f"columns not used: {', '.join(others)}; add ?label=COLUMN to use another")
    rest = sorted(set(splits) - {"train"}, key=lambda name: (*_TEST, name).index(name))
    notes += [_use(name, parts, has_labels=bool(len(labels.get(name, "?")))) for name in rest]
    return _parts(source, pairs, side, classes, notes)


def _use(name: str, parts: dict[str, str], has_labels: bool) -> str:
    if name in parts:
        return f"{name} is the {parts[name]} set"
    why = f"{[*parts][-1]} is" if has_labels else "it has no labels"
    return f"{name} is not used: {why}"


def is_split(thing: Any) -> bool:
    """Whether it is a `datasets.Dataset`, without importing the library."""
    return all(hasattr(thing, name) for name in ("features", "with_format", "select_columns"))


def _columns_named(source: str, query: str) -> Columns:
    pairs = dict(parse_qsl(query, keep_blank_values=True))
    if unknown := [name for name in pairs if name not in ("image", "label")]:
        raise UserError(f"{source}: {unknown[0]!r}: must be ?image=COLUMN or ?label=COLUMN")
    return Columns(pairs.get("image"), pairs.get("label"))


def _library() -> Any:
    try:
        return import_module("datasets")
    except ImportError as error:
        raise UserError(
            "datasets of Hugging Face need another package: pip install 'dada-augment[hf]'"
        ) from error


def _open(source: str, root: str | Path | None, download: bool) -> dict[str, Any]:
    """Open the splits by their names; a saved dataset without splits is the training split."""
    library = _library()
    where = source.removeprefix(PREFIX)
    local = where.startswith(("/", ".", "~"))
    if not local and not download:
        raise UserError(f"{source}: the Hub is not accessed: give hf:PATH of a saved dataset")
    try:
        if local:
            found = library.load_from_disk(str(Path(where).expanduser()))
        else:
            name, _, config = where.partition(":")
            cache = str(Path(root).expanduser()) if root else None
            # Older versions ask whether to run a dataset's own code; newer ones never run it.
            asks = "trust_remote_code" in signature(library.load_dataset).parameters
            safely = {"trust_remote_code": False} if asks else {}
            found = library.load_dataset(name, config or None, cache_dir=cache, **safely)
    except Exception as error:  # the library and its network clients may raise anything
        raise UserError(
            f"{source}: cannot be read ({_one_line(error)}): must be hf:OWNER/NAME, "
            "hf:NAME:CONFIG or, for a folder saved by save_to_disk, hf:PATH"
        ) from error
    return dict(found) if isinstance(found, dict) else {"train": found}


def _columns(source: str, features: dict[str, Any], named: Columns) -> tuple[str, str, list[str]]:
    """Find the column of images and that of labels; and others that might have been meant."""
    library = _library()
    pictures = [name for name, kind in features.items() if isinstance(kind, library.Image)]
    classes = [name for name, kind in features.items() if isinstance(kind, library.ClassLabel)]
    integers = [
        name
        for name, kind in features.items()
        if isinstance(kind, library.Value) and kind.dtype.startswith(("int", "uint"))
    ]
    labels = [named.label] if named.label in integers else classes or integers
    if not pictures or not labels:
        raise UserError(
            f"{source}: has columns {', '.join(features)}: one of images and one of class labels "
            "or integers are needed"
        )
    picture = _one(source, "image", pictures, named.image)
    label = _one(source, "label", labels, named.label)
    found = dict.fromkeys((*pictures, *classes, *integers))
    others = [name for name in found if name not in (picture, label)]
    return picture, label, others


def _one(source: str, what: str, columns: list[str], named: str | None) -> str:
    """The column that the user named, the only one, or the one with the usual name."""
    if named is not None and named not in columns:
        raise UserError(f"{source}: no {what} column {named!r}; there are {', '.join(columns)}")
    if named is None and len(columns) > 1 and what not in columns:
        raise UserError(
            f"{source}: several {what} columns ({', '.join(columns)}): choose one with "
            f"hf:NAME?{what}=COLUMN, or by select_columns in Python"
        )
    return named or (columns[0] if len(columns) == 1 else what)


def _labels(split: Any, column: str) -> np.ndarray:
    """Read a column of integers, (N,); (0,) if not every image in the split has a label."""
    if column not in split.features or not len(split):
        return np.empty(0, np.int64)
    values = split.select_columns([column]).with_format("numpy")[:][column]
    # Labels kept secret for a competition are -1.
    return values if values.dtype.kind in "iu" and values.max() >= 0 else values[:0]


def _classes(source: str, kind: Any, labels: np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return the values that name the classes, in order, and the classes' names."""
    names = getattr(kind, "names", None)
    values = np.arange(len(names)) if names else np.unique(labels)
    if len(values) < 2:
        raise UserError(f"{source}: one class only: at least two are needed")
    return values, tuple(names or map(str, values))


def _numbers(source: str, name: str, labels: np.ndarray, values: np.ndarray) -> np.ndarray:
    if len(unknown := np.setdiff1d(labels, values)):
        raise UserError(f"{source}: {name} has label {unknown[0]}: must be one of train's classes")
    return np.searchsorted(values, labels)


class _Pairs(Dataset[Any]):
    """A split as `from_torch` expects it."""

    def __init__(
        self, source: str, name: str, split: Any, picture: str, labels: np.ndarray
    ) -> None:
        self._where, self._picture, self._labels = f"{source}, {name}", picture, labels
        decoded = split.with_format(None).select_columns([picture])
        self._pictures = decoded.cast_column(picture, _library().Image())

    def __len__(self) -> int:
        return len(self._labels)

    def __getitem__(self, index: int) -> tuple[Any, int]:
        try:
            return self._pictures[index][self._picture], int(self._labels[index])
        except Exception as error:  # for a broken file Pillow may raise nearly anything
            raise UserError(
                f"{self._where}, item {index}: cannot be decoded: {_one_line(error)}"
            ) from error


def _parts(
    source: str,
    pairs: Sequence[_Pairs],
    side: int | None,
    classes: tuple[str, ...],
    notes: Sequence[str],
) -> Parts:
    # All at once, so that training and test images get the same size and channels.
    everything: ConcatDataset[Any] = ConcatDataset(pairs)
    chosen = side or _common_side(everything)
    bits = bits_used(everything, name=source)
    images = from_torch(everything, chosen, source, bits)
    notes = [*notes, *(() if bits is None else (bits_in_words(bits),))]
    if chosen:
        notes = [*notes, f"images resized and cropped to {chosen}x{chosen}; --side changes it"]
    sets = [
        ImageSet(*part)
        for part in zip(
            images.images.split([len(p) for p in pairs]),
            images.labels.split([len(p) for p in pairs]),
            strict=True,
        )
    ]
    train, test, validation = [*sets, None, None][:3]
    assert train is not None
    return Parts(train, test, classes, notes=tuple(notes), validation=validation)


def _common_side(pairs: ConcatDataset[Any]) -> int | None:
    """Choose a side if sizes differ, so that full-size pictures are never in memory together."""
    step = -(-len(pairs) // _SAMPLE)
    pictures = (pairs[index][0] for index in range(0, len(pairs), step))
    sizes = [picture.size for picture in pictures if isinstance(picture, Image.Image)]
    return choose_side([min(size) for size in sizes]) if len(set(sizes)) > 1 else None


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__

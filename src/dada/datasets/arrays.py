"""Images and labels as arrays in an ``.npz`` file."""

import math
import zipfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from dada.compute.memory import check_fits
from dada.datasets.imageset import CHANNELS, ImageSet, Parts, are_channels
from dada.datasets.labels import numbered, renumbering, single
from dada.datasets.parts import TEST, TRAIN, VALIDATION
from dada.datasets.pixels import resized
from dada.errors import UserError

_PARTS = {"train": TRAIN, "test": TEST, "validation": VALIDATION}
_STYLES = (("x_{}", "y_{}"), ("{}_x", "{}_y"), ("{}_images", "{}_labels"))

_IMAGE_SHAPES = f"N x H x W, N x H x W x C or N x C x H x W with C {CHANNELS}"


def read_arrays(path: Path, side: int | None = None) -> Parts:
    """Read ``x_train``, ``y_train`` and, optionally, ``x_test``, ``y_test``, ``x_val``, ``y_val``.

    The arrays may also be called ``train_x`` and ``train_y``, or ``train_images`` and
    ``train_labels``, in upper or lower case, and those of the validation set by any of
    `dada.datasets.parts.VALIDATION`. Without a test set, the validation set is the test set.

    Images are uint8: N x H x W (grey), N x H x W x C or N x C x H x W with C 1, 3 or less than H
    and W. Labels are whole numbers or text, (N,) or (N, 1); their values name the classes and are
    numbered from 0 in sorted order. If an image may have several labels, they are (N, L) of 0 and
    1, of any type; if every row has a single 1, they are one-hot: one label per image. Nothing is
    ever unpickled.

    Args:
        path: the file.
        side: of the images, in pixels; None keeps their size.

    Raises:
        UserError: the file is not a readable ``.npz``, an array is missing or has another type
            or shape, counts or sizes differ, there is only one class, or a label of another part
            is not among the training labels.

    Examples:
        >>> import numpy as np
        >>> from pathlib import Path
        >>> images = np.zeros((6, 8, 8), np.uint8)
        >>> np.savez("pets.npz", x_train=images, y_train=["cat", "dog"] * 3)
        >>> parts = read_arrays(Path("pets.npz"))
        >>> parts.classes, parts.train.images.shape, parts.train.labels.tolist()
        (('cat', 'dog'), torch.Size([6, 1, 8, 8]), [0, 1, 0, 1, 0, 1])
    """
    pairs = _load(path)
    images = {part: _images(path, pair) for part, pair in pairs.items()}
    labels = {part: _labels(path, pair) for part, pair in pairs.items()}
    notes: tuple[str, ...] = ()
    if side is not None and images["train"].shape[2:] != (side, side):
        notes = (f"images resized and cropped to {side}x{side}",)
    for part, pair in pairs.items():
        if images[part].shape[1:] != images["train"].shape[1:]:
            raise UserError(
                f"{path}: {pair.x} images are {_chw(images[part])} but {pairs['train'].x}'s are "
                f"{_chw(images['train'])} (channels, height, width): must be the same"
            )
        if labels[part].shape[1:] != labels["train"].shape[1:]:
            raise UserError(
                f"{path}: {pair.y} is {labels[part].shape} but {pairs['train'].y} "
                f"{labels['train'].shape}: must have the same number of labels per image"
            )
    labels, said = single(labels)
    names = tuple(map(str, range(labels["train"].shape[-1])))
    if labels["train"].ndim == 1:
        classes, labels = numbered(str(path), labels)
        names, said = tuple(map(str, classes)), (*said, *renumbering(classes))
    sets = {part: _set(images[part], labels[part], side) for part in pairs}
    test, validation = sets.get("test"), sets.get("validation")
    if test is None and validation is not None:
        test, validation = validation, None
        said = (*said, f"{pairs['validation'].x} is the test set: there is no other")
    return Parts(sets["train"], test, names, notes=(*notes, *said), validation=validation)


class _Pair(NamedTuple):
    """The images and labels of a part, and what they are called in the file."""

    x: str
    y: str
    images: np.ndarray
    labels: np.ndarray


def _load(path: Path) -> dict[str, _Pair]:
    """Load only the arrays that are needed: others may be large or pickled."""
    try:
        if not zipfile.is_zipfile(path):
            raise ValueError("it is not a zip archive of arrays")
        with np.load(path, allow_pickle=False) as archive:
            names = _names(path, archive.files)
            return {
                part: _Pair(x, y, _member(path, archive, x), _member(path, archive, y))
                for part, (x, y) in names.items()
            }
    except (UserError, MemoryError):
        raise
    except Exception as error:  # files that are damaged, or not archives, fail in many ways
        raise UserError(
            f"{path}: not a readable .npz file ({_one_line(error)}): save x_train "
            "and y_train with numpy.savez"
        ) from error


def _names(path: Path, present: list[str]) -> dict[str, tuple[str, str]]:
    """What the images and the labels of each part are called."""
    there = {name.lower(): name for name in present}
    found, missing = {}, []
    for part, words in _PARTS.items():
        pairs = [(x.format(word), y.format(word)) for word in words for x, y in _STYLES]
        x, y = max(pairs, key=lambda pair: sum(name in there for name in pair))
        if part == "train" or x in there or y in there:
            missing += [name for name in (x, y) if name not in there]
            found[part] = (there.get(x, x), there.get(y, y))
    if missing:
        raise UserError(
            f"{path}: {' and '.join(missing)} missing; it holds {', '.join(present) or 'nothing'}: "
            "x_train and y_train are needed, x_test and y_test come together, and so do x_val "
            "and y_val"
        )
    return found


def _member(path: Path, archive: np.lib.npyio.NpzFile, name: str) -> np.ndarray:
    """Load an array after checking that its header is true and that it fits in memory."""
    with zipfile.ZipFile(path) as members, members.open(f"{name}.npy") as file:
        version = np.lib.format.read_magic(file)
        read = {(1, 0): np.lib.format.read_array_header_1_0}
        shape, _, dtype = read.get(version, np.lib.format.read_array_header_2_0)(file)
        stored = members.getinfo(f"{name}.npy").file_size - file.tell()
    if dtype.hasobject:
        raise UserError(
            f"{path}: {name} is an array of Python objects, which is not loaded because it could "
            "run code: save plain numbers"
        )
    size = math.prod(shape) * dtype.itemsize
    if size != stored:
        raise ValueError(f"{name} is {shape} of {dtype}, {size:,} bytes, but has {stored:,}")
    check_fits(f"{path}: {name}", size, shape[0] if shape else 1)
    return archive[name]


def _images(path: Path, pair: _Pair) -> np.ndarray:
    """Return images as uint8 (N, C, H, W), a view where possible."""
    name, images = pair.x, pair.images
    if images.dtype != np.uint8:
        hint = "; scale [0, 1] by 255" if images.dtype.kind == "f" else ""
        raise UserError(f"{path}: {name} is {images.dtype}: must be uint8, 0 to 255{hint}")
    if not images.size:
        raise UserError(f"{path}: {name} is empty, {images.shape}: must be {_IMAGE_SHAPES}")
    if images.ndim == 3:
        return images[:, None]
    if images.ndim == 4:
        last, first = images.shape[3] in (1, 3), images.shape[1] in (1, 3)
        if last and first:
            raise UserError(
                f"{path}: {name} is {images.shape}: its channels may be the second or the last "
                "axis: give N x H x W, or larger images"
            )
        channels_last = images.transpose(0, 3, 1, 2)
        if last or (not first and are_channels(*channels_last.shape[1:])):
            return channels_last
        if are_channels(*images.shape[1:]):
            return images
    raise UserError(f"{path}: {name} is {images.shape}: must be {_IMAGE_SHAPES}")


def _labels(path: Path, pair: _Pair) -> np.ndarray:
    """Return the labels: whole numbers or text, (N,), or several per image, (N, L) of 0 and 1."""
    name, labels, count = pair.y, pair.labels, len(pair.images)
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    several = labels.ndim == 2 and labels.shape[1] > 1
    if (not several and labels.ndim != 1) or (several and not np.isin(labels, (0, 1)).all()):
        raise UserError(
            f"{path}: {name} is {labels.shape}: must be (N,), one label per image, or (N, L) of 0 "
            "and 1 if an image may have several"
        )
    if len(labels) != count:
        raise UserError(
            f"{path}: {count} images in {pair.x} but {len(labels)} labels in {name}: the counts "
            "must match"
        )
    if several or labels.dtype.kind in "iubU":
        return labels
    if labels.dtype.kind == "f" and np.isfinite(labels).all() and (labels == labels.round()).all():
        return labels.astype(np.int64)
    raise UserError(f"{path}: {name} is {labels.dtype}: labels must be whole numbers or text")


def _set(images: np.ndarray, labels: np.ndarray, side: int | None) -> ImageSet:
    tensor: Tensor = torch.from_numpy(np.ascontiguousarray(images))
    if side is not None:
        tensor = resized(tensor, side)
    kind = np.int64 if labels.ndim == 1 else np.float32
    return ImageSet(tensor, torch.from_numpy(labels.astype(kind)))


def _chw(images: np.ndarray) -> str:
    return "x".join(str(n) for n in images.shape[1:])


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__

"""Images and labels as arrays in an ``.npz`` file."""

import zipfile
import zlib
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from dada.datasets.imageset import CHANNELS, ImageSet, Parts, are_channels
from dada.datasets.pixels import resized
from dada.errors import UserError

_IMAGE_SHAPES = f"N x H x W, N x H x W x C or N x C x H x W with C {CHANNELS}"


def read_arrays(path: Path, side: int | None = None) -> Parts:
    """Read ``x_train``, ``y_train`` and, optionally, ``x_test``, ``y_test``.

    Images are uint8: N x H x W (grey), N x H x W x C or N x C x H x W with C 1, 3 or less than H
    and W. Labels are integers, (N,) or (N, 1); any values, which name the classes and are numbered
    from 0 in their order. Or, where an image may have several labels, (N, L) of 0 and 1, of any
    type. Nothing is ever unpickled.

    Args:
        path: the file.
        side: of the images, in pixels; None keeps theirs.

    Raises:
        UserError: the file is not a readable ``.npz``, an array is missing or of another type
            or shape, counts or sizes differ, there is one class only, or a test label is not
            among the training labels.
    """
    arrays = _load(path)
    train, values = _images(path, arrays, "train"), _labels(path, arrays, "train")
    classes, labels = _classes(path, values)
    notes = []
    if side is not None and train.shape[2:] != (side, side):
        notes = [f"images resized and cropped to {side}x{side}"]
    test = None
    if "x_test" in arrays:
        test_images = _images(path, arrays, "test")
        if test_images.shape[1:] != train.shape[1:]:
            raise UserError(
                f"{path}: x_test images are {_chw(test_images)} but x_train's are {_chw(train)} "
                "(channels, height, width): must be the same"
            )
        test_values = _labels(path, arrays, "test")
        if test_values.shape[1:] != values.shape[1:]:
            raise UserError(
                f"{path}: y_test is {test_values.shape} but y_train {values.shape}: must have as "
                "many labels an image"
            )
        test_labels = _test_labels(path, test_values, classes)
        test = _set(test_images, test_labels, side)
    if not np.array_equal(classes, np.arange(len(classes))):
        notes.append(f"labels {_few(classes)} are numbered from 0 to {len(classes) - 1}")
    names = tuple(str(value) for value in classes)
    return Parts(_set(train, labels, side), test, names, notes=tuple(notes))


def _load(path: Path) -> dict[str, np.ndarray]:
    """Load the arrays that are needed, and no other: they may be large or pickled."""
    try:
        if not zipfile.is_zipfile(path):
            raise ValueError("it is no zip archive of arrays")
        with np.load(path, allow_pickle=False) as archive:
            wanted = _wanted(path, archive.files)
            return {name: _member(path, archive, name) for name in wanted}
    except (OSError, ValueError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
        raise UserError(
            f"{path}: not a readable .npz file ({_one_line(error)}): save x_train "
            "and y_train with numpy.savez"
        ) from error


def _wanted(path: Path, present: list[str]) -> list[str]:
    wanted = ["x_train", "y_train"]
    if "x_test" in present or "y_test" in present:
        wanted += ["x_test", "y_test"]
    if missing := [name for name in wanted if name not in present]:
        raise UserError(
            f"{path}: {' and '.join(missing)} missing; it holds {', '.join(present) or 'nothing'}: "
            "x_train and y_train are needed, x_test and y_test come together"
        )
    return wanted


def _member(path: Path, archive: np.lib.npyio.NpzFile, name: str) -> np.ndarray:
    try:
        array = archive[name]
    except ValueError as error:
        if "allow_pickle" not in str(error):
            raise
        raise UserError(
            f"{path}: {name} is an array of Python objects, which is not loaded because it could "
            "run code: save plain numbers"
        ) from error
    if not isinstance(array, np.ndarray):  # numpy hands out other members' raw bytes
        raise ValueError(f"{name} is no array")
    return array


def _images(path: Path, arrays: dict[str, np.ndarray], part: str) -> np.ndarray:
    """Return images as uint8 (N, C, H, W), a view where possible."""
    name, images = f"x_{part}", arrays[f"x_{part}"]
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
                f"{path}: {name} is {images.shape}, whose channels may be the second or the last "
                "axis: give N x H x W, or larger images"
            )
        channels_last = images.transpose(0, 3, 1, 2)
        if last or (not first and are_channels(*channels_last.shape[1:])):
            return channels_last
        if are_channels(*images.shape[1:]):
            return images
    raise UserError(f"{path}: {name} is {images.shape}: must be {_IMAGE_SHAPES}")


def _labels(path: Path, arrays: dict[str, np.ndarray], part: str) -> np.ndarray:
    """Return labels as many as there are images: integer (N,), or (N, L) of 0 and 1."""
    name, labels = f"y_{part}", arrays[f"y_{part}"]
    several = labels.ndim == 2 and labels.shape[1] > 1
    if not several and labels.dtype.kind not in "iu":
        raise UserError(f"{path}: {name} is {labels.dtype}: labels must be integers")
    if labels.ndim == 2 and not several:
        labels = labels[:, 0]
    if labels.ndim > 2 or (several and not np.isin(labels, (0, 1)).all()):
        raise UserError(
            f"{path}: {name} is {labels.shape}: must be (N,), one label an image, or (N, L) of 0 "
            "and 1 where an image may have several"
        )
    count = len(arrays[f"x_{part}"])
    if len(labels) != count:
        raise UserError(
            f"{path}: {count} images in x_{part} but {len(labels)} labels in {name}: must be as "
            "many"
        )
    return labels


def _classes(path: Path, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the classes and the labels numbered by them; several labels stay as they are."""
    if values.ndim == 2:
        return np.arange(values.shape[1]), values
    classes, labels = np.unique(values, return_inverse=True)
    if len(classes) < 2:
        raise UserError(f"{path}: y_train has one class only ({classes[0]}): at least two needed")
    return classes, labels


def _test_labels(path: Path, values: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Number test labels as the training labels are."""
    if values.ndim == 2:
        return values
    unknown = np.setdiff1d(values, classes)
    if len(unknown):
        raise UserError(
            f"{path}: y_test has labels {_few(unknown)} that y_train has not ({_few(classes)}): "
            "must be among them"
        )
    return np.searchsorted(classes, values)


def _set(images: np.ndarray, labels: np.ndarray, side: int | None) -> ImageSet:
    tensor: Tensor = torch.from_numpy(np.ascontiguousarray(images))
    if side is not None:
        tensor = resized(tensor, side)
    kind = np.int64 if labels.ndim == 1 else np.float32
    return ImageSet(tensor, torch.from_numpy(labels.astype(kind)))


def _chw(images: np.ndarray) -> str:
    return "x".join(str(n) for n in images.shape[1:])


def _few(values: np.ndarray) -> str:
    return ", ".join(str(value) for value in values[:5]) + (", ..." if len(values) > 5 else "")


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__

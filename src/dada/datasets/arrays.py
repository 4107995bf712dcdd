"""Images and labels as arrays in an ``.npz`` file."""

import math
import zipfile
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from dada.compute.memory import check_fits
from dada.datasets.imageset import CHANNELS, ImageSet, Parts, are_channels
from dada.datasets.labels import numbered, renumbering, single
from dada.datasets.pixels import resized
from dada.errors import UserError

_IMAGE_SHAPES = f"N x H x W, N x H x W x C or N x C x H x W with C {CHANNELS}"


def read_arrays(path: Path, side: int | None = None) -> Parts:
    """Read ``x_train``, ``y_train`` and, optionally, ``x_test``, ``y_test``.

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
            or shape, counts or sizes differ, there is only one class, or a test label is not
            among the training labels.

    Examples:
        >>> import numpy as np
        >>> from pathlib import Path
        >>> images = np.zeros((6, 8, 8), np.uint8)
        >>> np.savez("pets.npz", x_train=images, y_train=["cat", "dog"] * 3)
        >>> parts = read_arrays(Path("pets.npz"))
        >>> parts.classes, parts.train.images.shape, parts.train.labels.tolist()
        (('cat', 'dog'), torch.Size([6, 1, 8, 8]), [0, 1, 0, 1, 0, 1])
    """
    arrays = _load(path)
    train, values = _images(path, arrays, "train"), _labels(path, arrays, "train")
    notes: tuple[str, ...] = ()
    if side is not None and train.shape[2:] != (side, side):
        notes = (f"images resized and cropped to {side}x{side}",)
    test = test_values = None
    if "x_test" in arrays:
        test, test_values = _images(path, arrays, "test"), _labels(path, arrays, "test")
        if test.shape[1:] != train.shape[1:]:
            raise UserError(
                f"{path}: x_test images are {_chw(test)} but x_train's are {_chw(train)} "
                "(channels, height, width): must be the same"
            )
        if test_values.shape[1:] != values.shape[1:]:
            raise UserError(
                f"{path}: y_test is {test_values.shape} but y_train {values.shape}: must have the "
                "same number of labels per image"
            )
    values, test_values, said = single(values, test_values)
    names = tuple(map(str, range(values.shape[-1])))
    if values.ndim == 1:
        classes, values, *rest = numbered(str(path), values, test_values)
        test_values = rest[0] if rest else None
        names, said = tuple(map(str, classes)), (*said, *renumbering(classes))
    held = None if test is None or test_values is None else _set(test, test_values, side)
    return Parts(_set(train, values, side), held, names, notes=(*notes, *said))


def _load(path: Path) -> dict[str, np.ndarray]:
    """Load only the arrays that are needed: others may be large or pickled."""
    try:
        if not zipfile.is_zipfile(path):
            raise ValueError("it is not a zip archive of arrays")
        with np.load(path, allow_pickle=False) as archive:
            wanted = _wanted(path, archive.files)
            return {name: _member(path, archive, name) for name in wanted}
    except (UserError, MemoryError):
        raise
    except Exception as error:  # files that are damaged, or not archives, fail in many ways
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
                f"{path}: {name} is {images.shape}: its channels may be the second or the last "
                "axis: give N x H x W, or larger images"
            )
        channels_last = images.transpose(0, 3, 1, 2)
        if last or (not first and are_channels(*channels_last.shape[1:])):
            return channels_last
        if are_channels(*images.shape[1:]):
            return images
    raise UserError(f"{path}: {name} is {images.shape}: must be {_IMAGE_SHAPES}")


def _labels(path: Path, arrays: dict[str, np.ndarray], part: str) -> np.ndarray:
    """Return the labels: whole numbers or text, (N,), or several per image, (N, L) of 0 and 1."""
    name, labels = f"y_{part}", arrays[f"y_{part}"]
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    several = labels.ndim == 2 and labels.shape[1] > 1
    if (not several and labels.ndim != 1) or (several and not np.isin(labels, (0, 1)).all()):
        raise UserError(
            f"{path}: {name} is {labels.shape}: must be (N,), one label per image, or (N, L) of 0 "
            "and 1 if an image may have several"
        )
    count = len(arrays[f"x_{part}"])
    if len(labels) != count:
        raise UserError(
            f"{path}: {count} images in x_{part} but {len(labels)} labels in {name}: the counts "
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

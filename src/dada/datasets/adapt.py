"""Turn any map-style dataset of pictures and labels into an `ImageSet`."""

from collections.abc import Sequence
from numbers import Integral
from typing import Any, Protocol

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from dada.datasets.imageset import CHANNELS, ImageSet, are_channels
from dada.datasets.pixels import (
    bits_of,
    check_side,
    choose_side,
    highest,
    is_deep,
    planes,
    square_planes,
    to_eight_bits,
)
from dada.errors import UserError, users_own

_ROUNDING = 1 / 512  # tolerance around [0, 1], half a grey level: rounding in float16


class MapStyle(Protocol):
    """What `from_torch` needs from a dataset: a length and items by index."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> Any: ...


def from_torch(
    dataset: MapStyle,
    side: int | None = None,
    name: str = "dataset",
    bits: int | None = None,
) -> ImageSet:
    """Read every item of a map-style dataset, such as one of torchvision's, once.

    Args:
        dataset: gives (picture, label) pairs. A picture is a PIL image of any mode; a tensor,
            (H, W) or (C, H, W); or an array, (H, W) or (H, W, C). Tensors and arrays are uint8, or
            float in [0, 1], with C 1, 3 or less than H and W. A label is an integer from 0; or, if
            a picture may have several labels, a list, array or tensor of 0 and 1, one per label.
        side: of the images, in pixels. None keeps the size if all pictures share one, and otherwise
            chooses 32, 64 or 96 by their median shorter side.
        name: for error messages.
        bits: how many bits pictures in 16-bit grey use; None finds out (`bits_used`).

    Returns:
        The images: grey if all pictures are grey, RGB if they are grey or RGB, otherwise with the
        number of channels that they share.

    Raises:
        UserError: the dataset is empty, or an item is not as described.

    Examples:
        >>> from PIL import Image
        >>> from dada.datasets import from_torch
        >>> picture = Image.new("RGB", (60, 40))
        >>> found = from_torch([(picture, 0), (picture, 1)], side=32)
        >>> found.images.shape, found.labels.tolist()
        (torch.Size([2, 3, 32, 32]), [0, 1])
    """
    check_side(side)
    check_items(dataset, name)
    images, labels = [], []
    bits = bits_used(dataset, name=name) if bits is None else bits
    for index in range(len(dataset)):
        where = f"{name}, item {index}"
        picture, label = item_of(dataset, index, name)
        pixels = pixels_of(picture, where, bits or 16)
        # A given side is applied at once: full-size photographs need not all be in memory.
        images.append(pixels if side is None else square_planes(pixels, side))
        labels.append(_label(label, where))
    if side is None and len({pixels.shape[1:] for pixels in images}) > 1:
        chosen = choose_side([min(pixels.shape[1:]) for pixels in images])
        images = [square_planes(pixels, chosen) for pixels in images]
    return ImageSet(stack(images, name), _labels(labels, name))


def check_items(dataset: object, name: str) -> None:
    """Raise `UserError` unless it is a map-style dataset with at least one item."""
    if isinstance(dataset, type):
        raise UserError(f"{name}: is the class {dataset.__name__}: give an instance of it")
    if hasattr(dataset, "__len__") and not hasattr(dataset, "__getitem__"):
        raise UserError(
            f"{name}: cannot be indexed: give a dataset, such as a DataLoader's .dataset"
        )
    if not hasattr(dataset, "__len__"):
        raise UserError(
            f"{name}: has no length: a map-style dataset is needed, not an iterable one"
        )
    if not len(dataset):
        raise UserError(f"{name}: has no items: at least one is needed")


def bits_used(*datasets: MapStyle, name: str = "dataset") -> int | None:
    """How many bits the datasets' pictures in 16-bit grey use together (`bits_of`).

    None if the first picture of each dataset has 8 bits; the others are then not read.
    """
    found = []
    for dataset in datasets:
        if len(dataset) and is_deep(item_of(dataset, 0, name)[0]):
            every = (item_of(dataset, index, name)[0] for index in range(len(dataset)))
            found += [highest(picture) for picture in every if is_deep(picture)]
    return bits_of(max(value or 0 for value in found)) if found else None


def item_of(dataset: MapStyle, index: int, name: str) -> tuple[Any, Any]:
    """An item of a dataset: a picture, and what is known of it.

    Raises:
        UserError: it is not a pair.
    """
    where = f"{name}, item {index}"
    with users_own(f"the dataset ({where})"):
        item = dataset[index]
    if isinstance(item, tuple | list) and len(item) == 2:
        return item[0], item[1]
    raise UserError(f"{where}: is a {type(item).__name__}: must be a pair (picture, label)")


def _label(label: Any, where: str) -> int | tuple[float, ...]:
    plain = label.tolist() if isinstance(label, Tensor | np.ndarray) else label
    if isinstance(plain, Integral) and not isinstance(plain, bool) and 0 <= int(plain) < 2**63:
        return int(plain)
    if isinstance(plain, list | tuple) and plain and all(value in (0, 1) for value in plain):
        return tuple(map(float, plain))
    shown = " ".join(repr(label).split())[:60]
    raise UserError(f"{where}: label is {shown}: must be an integer from 0, or a list of 0 and 1")


def _labels(labels: list[int | tuple[float, ...]], name: str) -> Tensor:
    lengths = {len(label) if isinstance(label, tuple) else 0 for label in labels}
    if len(lengths) > 1:
        raise UserError(
            f"{name}: labels of different lengths ({', '.join(map(str, sorted(lengths)))}): every "
            "picture needs the same number"
        )
    return torch.tensor(labels, dtype=torch.float32 if lengths != {0} else torch.int64)


def pixels_of(picture: Any, where: str, bits: int = 16) -> np.ndarray:
    """A picture, as `from_torch` takes it, as uint8 (C, H, W).

    Args:
        picture: a PIL image, a tensor or an array.
        where: begins error messages.
        bits: as in `from_torch`.

    Raises:
        UserError: it is something else, or its values are out of range.
    """
    if isinstance(picture, Image.Image):
        try:
            return planes(to_eight_bits(picture, bits))
        except (OSError, ValueError) as error:
            raise UserError(f"{where}: picture cannot be used: {error}") from error
    if isinstance(picture, np.ndarray):
        picture = _channels_first(picture, where)
    if not isinstance(picture, Tensor):
        raise UserError(
            f"{where}: picture is a {type(picture).__name__}: must be a PIL image, a tensor or an "
            "array"
        )
    return _bytes(_three_axes(picture, where), where).cpu().numpy()


def _channels_first(picture: np.ndarray, where: str) -> Tensor:
    """The array as a tensor; NumPy pictures have their channels last."""
    if picture.ndim not in (2, 3) or picture.dtype.kind not in "uif":
        raise UserError(
            f"{where}: picture is {picture.dtype} {picture.shape}: must be (H, W) or (H, W, C) of "
            "numbers"
        )
    if picture.ndim == 3 and not are_channels(*picture.transpose(2, 0, 1).shape):
        raise UserError(
            f"{where}: picture is an array {picture.shape}: must be (H, W) or (H, W, C) with C "
            f"{CHANNELS}; give (C, H, W) as a tensor"
        )
    last = picture.transpose(2, 0, 1) if picture.ndim == 3 else picture
    return torch.from_numpy(np.ascontiguousarray(last))


def _three_axes(picture: Tensor, where: str) -> Tensor:
    shaped = picture[None] if picture.ndim == 2 else picture
    if shaped.ndim != 3 or not are_channels(*shaped.shape) or not shaped.numel():
        raise UserError(
            f"{where}: picture is {tuple(picture.shape)}: must be (H, W) or (C, H, W) with C "
            f"{CHANNELS}"
        )
    return shaped


def _bytes(picture: Tensor, where: str) -> Tensor:
    if picture.dtype == torch.uint8:
        return picture
    if not picture.is_floating_point():
        raise UserError(f"{where}: picture is {picture.dtype}: must be uint8, or float in [0, 1]")
    low, high = picture.min().item(), picture.max().item()
    if not -_ROUNDING <= low <= high <= 1 + _ROUNDING:  # also true of NaN
        bytes_ = low >= 0 and 2 <= high <= 255
        remedy = "divide by 255" if bytes_ else "remove Normalize from its transform"
        raise UserError(f"{where}: picture is {low:g} to {high:g}: must be in [0, 1]; {remedy}")
    return (picture.double() * 255).round().clamp(0, 255).to(torch.uint8)


def stack(images: Sequence[np.ndarray], name: str) -> Tensor:
    """Stack (C, H, W) images of one size; among RGB images, grey ones become RGB."""
    found = sorted({len(pixels) for pixels in images})
    if len(found) > 1 and found != [1, 3]:
        raise UserError(
            f"{name}: pictures of {', '.join(map(str, found))} channels: must match; only grey and "
            "RGB may be mixed"
        )
    channels = found[-1]
    out = np.empty((len(images), channels, *images[0].shape[1:]), np.uint8)
    for i, pixels in enumerate(images):
        out[i] = pixels
    return torch.from_numpy(out)

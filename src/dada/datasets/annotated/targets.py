"""What a PyTorch dataset says of a picture besides one label: boxes, or a mask."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torchvision import tv_tensors
from torchvision.transforms.v2 import functional as F

from dada.datasets.annotated.found import Box, Tallies
from dada.datasets.annotated.mask_files import values_of
from dada.errors import UserError

_CORNERS = ("xmin", "ymin", "xmax", "ymax")


def is_target(target: Any) -> bool:
    """Whether it is a mask, or boxes in one of the ways that `boxes_of` knows."""
    if isinstance(target, Mapping):
        return bool(target.keys() & {"boxes", "masks", "annotation", "image_id"})
    if isinstance(target, list):
        return not target or isinstance(target[0], Mapping)
    return is_mask(target)


def has_masks(target: Any) -> bool:
    """Whether it has masks of objects, and no boxes."""
    return isinstance(target, Mapping) and "masks" in target and "boxes" not in target


def is_mask(target: Any) -> bool:
    """Whether it has the class of each pixel: a picture, or an array or a tensor (H, W)."""
    if isinstance(target, Tensor | np.ndarray):
        return target.ndim == 2 or isinstance(target, tv_tensors.Mask)
    return isinstance(target, Image.Image)


def annotated_size(target: Any) -> tuple[int, int] | None:
    """The height and width of the image that boxes are for: their canvas, or what an item of
    ``VOCDetection`` says; None if neither is there."""
    if not isinstance(target, Mapping):
        return None
    if isinstance(boxes := target.get("boxes"), tv_tensors.BoundingBoxes):
        height, width = boxes.canvas_size
        return height, width
    try:
        said = target["annotation"]["size"]
        height, width = int(said["height"]), int(said["width"])
    except (KeyError, TypeError, ValueError):
        return None
    return (height, width) if height > 0 and width > 0 else None


def mask_of(target: Any, where: str) -> np.ndarray:
    """A mask as uint8 (H, W).

    Raises:
        UserError: it has colours, other values than 0 to 255, or another shape.
    """
    if isinstance(target, Image.Image):
        try:
            return values_of(target)
        except ValueError as error:
            raise UserError(f"{where}: {error}") from error
    if not is_mask(target):
        raise UserError(f"{where}: is a {type(target).__name__}, not a mask as in other items")
    values = target.cpu().numpy() if isinstance(target, Tensor) else target
    values = values[0] if values.ndim == 3 and len(values) == 1 else values
    whole = values.dtype.kind in "uib"
    if (
        not whole
        or values.ndim != 2
        or not values.size
        or not 0 <= values.min() <= values.max() <= 255
    ):
        raise UserError(
            f"{where}: mask is {values.dtype} {values.shape}: must be whole numbers, 0 to 255, "
            "(H, W)"
        )
    return values.astype(np.uint8)


@dataclass
class ObjectReader:
    """Reads the boxes of items, in pixels, or their masks.

    Attributes:
        names: the name of each label; labels without are called by their number.
        tallies: counts what is left out.
    """

    names: Mapping[int, str]
    tallies: Tallies = field(default_factory=Tallies)

    def boxes_of(self, target: Any, where: str) -> tuple[Box, ...]:
        """The boxes of one picture.

        Args:
            target: ``{"boxes": …, "labels": …}`` with ``tv_tensors.BoundingBoxes``, or a tensor of
                corners in pixels; or an item of torchvision's ``CocoDetection`` or
                ``VOCDetection``.
            where: begins error messages.

        Raises:
            UserError: it is something else.
        """
        if isinstance(target, Mapping) and "annotation" in target:
            return tuple(_voc(found, where) for found in _objects(target, where))
        if isinstance(target, Mapping) and "boxes" in target:
            return self._tensors(target, where)
        if isinstance(target, Mapping) and "image_id" in target:  # wrapped, and without objects
            return ()
        if isinstance(target, list):
            return tuple(box for found in target if (box := self._coco(found, where)))
        raise UserError(f"{where}: is a {type(target).__name__}, not boxes as in other items")

    def masks_of(self, target: Any, where: str) -> list[tuple[str, np.ndarray]]:
        """The class and the pixels, bool (H, W), of each object in a picture.

        Args:
            target: ``{"masks": …, "labels": …}`` with masks (D, H, W) and D labels; or an item of
                torchvision's wrapped ``CocoDetection`` without objects.
            where: begins error messages.

        Raises:
            UserError: it is something else.
        """
        if isinstance(target, Mapping) and "masks" not in target and "image_id" in target:
            return []
        if not has_masks(target):
            raise UserError(f"{where}: has no masks of objects, or boxes too, unlike other items")
        masks, labels = (_numbers(target, key, where) for key in ("masks", "labels"))
        labels = labels.reshape(-1)
        if masks.ndim != 3 or len(masks) != len(labels):
            raise UserError(
                f"{where}: masks {tuple(masks.shape)} and {len(labels)} labels: must be (D, H, W), "
                "and D"
            )
        names = [self._name(label, where) for label in labels.tolist()]
        return list(zip(names, (masks > 0).cpu().numpy(), strict=True))

    def _tensors(self, target: Mapping[str, Any], where: str) -> tuple[Box, ...]:
        boxes, labels = target["boxes"], _numbers(target, "labels", where).reshape(-1)
        if "masks" in target:
            what = "masks of objects are not used, their boxes are: give masks without boxes"
            self.tallies.add(what, where)
        if isinstance(boxes, tv_tensors.BoundingBoxes):
            if tv_tensors.is_rotated_bounding_format(boxes.format):
                raise UserError(f"{where}: boxes are rotated: upright ones are needed")
            boxes = F.convert_bounding_box_format(boxes, new_format="XYXY")
        corners = _numbers({"boxes": boxes}, "boxes", where).double()
        if corners.numel() and (corners.ndim != 2 or corners.shape[1] != 4):
            raise UserError(f"{where}: boxes {tuple(corners.shape)}: must be (D, 4)")
        corners = corners.reshape(-1, 4)
        if len(corners) != len(labels) or not bool(corners.isfinite().all()):
            raise UserError(
                f"{where}: {len(corners)} boxes and {len(labels)} labels: must be finite, and the "
                "counts must match"
            )
        pairs = zip(corners.tolist(), labels.tolist(), strict=True)
        return tuple(Box(tuple(box), self._name(label, where)) for box, label in pairs)

    def _coco(self, found: Any, where: str) -> Box | None:
        try:
            x, y, width, height = map(_finite, found["bbox"])
            label = found["category_id"]
        except (KeyError, TypeError, ValueError) as error:
            raise UserError(f"{where}: an object without bbox or category_id ({error!r})") from None
        if found.get("iscrowd"):
            self.tallies.add("crowd annotations are left out", where)
            return None
        return Box((x, y, x + width, y + height), self._name(label, where))

    def _name(self, label: Any, where: str) -> str:
        if not _is_number_of_a_class(label):
            raise UserError(f"{where}: label {label}: must be a whole number from 0")
        if self.names and int(label) not in self.names:
            raise UserError(f"{where}: label {label}: there is no class of this number")
        return self.names.get(int(label), str(int(label)))


def _objects(target: Mapping[str, Any], where: str) -> Sequence[Any]:
    found = target["annotation"]
    if not isinstance(found, Mapping):
        raise UserError(f"{where}: its annotation is a {type(found).__name__}: must be a dict")
    objects = found.get("object") or ()
    return [objects] if isinstance(objects, Mapping) else objects


def _voc(found: Mapping[str, Any], where: str) -> Box:
    try:
        x0, y0, x1, y1 = (_finite(found["bndbox"][key]) for key in _CORNERS)
        return Box((x0, y0, x1, y1), str(found["name"]))
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(f"{where}: an object without name or bndbox ({error!r})") from None


def _finite(value: Any) -> float:
    if not isfinite(number := float(value)):
        raise ValueError(f"{value} is not finite")
    return number


def _numbers(target: Mapping[str, Any], key: str, where: str) -> Tensor:
    """An entry as a tensor of real numbers; an empty one where it is missing."""
    try:
        values = torch.as_tensor(target.get(key, ()))
    except (TypeError, ValueError, RuntimeError) as error:
        raise UserError(f"{where}: {key} are not numbers: {str(error)[:80]}") from None
    if values.is_complex():
        raise UserError(f"{where}: {key} are complex: must be real numbers")
    return values


def _is_number_of_a_class(label: Any) -> bool:
    try:
        return not isinstance(label, bool | str) and isfinite(label) and label == int(label) >= 0
    except (TypeError, OverflowError):
        return False

"""A policy as a torchvision v2 transform."""

from __future__ import annotations

from typing import Any

import PIL.Image
import torch
from torch import Tensor
from torchvision import tv_tensors
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional as F

from dada.augment.apply import apply, apply_to_picture
from dada.augment.draw import Draw
from dada.augment.sampler import Sampler
from dada.ops import TwoStep, get
from dada.ops.affine import affine
from dada.policy import Policy

_Points = tv_tensors.BoundingBoxes | tv_tensors.KeyPoints
_ROTATED = [f for f in tv_tensors.BoundingBoxFormat if tv_tensors.is_rotated_bounding_format(f)]
_CORNERS = ((0, 1), (2, 1), (2, 3), (0, 3))  # of a box, in its x0, y0, x1, y1


class PolicyTransform(v2.Transform):
    """Augment PIL images, uint8 tensors (C, H, W) and batches (B, C, H, W) under a policy.

    Every image of a batch gets a draw of its own. It goes where the policy goes in the
    pipeline: after crop and flip, before conversion to float and normalisation.

    The boxes, masks and key points (`torchvision.tv_tensors`) of a sample move with its image.
    What moves them is shear, translation and rotation, or any operation that is registered with
    `dada.ops.affine.by_affine`; every other one leaves them, Cutout included. A mask is moved like
    the image, with 0 outside. A box becomes the box around its moved corners, cut to the canvas;
    `v2.SanitizeBoundingBoxes` drops those of which nothing is left. A batch may bring masks
    (B, ..., H, W); boxes and key points belong to one image.

    Randomness is PyTorch's global generator: `torch.manual_seed` fixes the stream, and
    DataLoader gives every worker another one.

    Args:
        policy: from a search, `dada.load_policy`, or made by hand.

    Raises:
        TypeError: float images, PIL modes other than RGB and L, videos, rotated boxes, or boxes
            that come with a batch.

    Example:
        >>> import dada, torch
        >>> augment = dada.load_policy("dada-cifar10").transform()
        >>> augment(torch.zeros(8, 3, 32, 32, dtype=torch.uint8)).shape
        torch.Size([8, 3, 32, 32])
    """

    _transformed_types = (torch.Tensor, PIL.Image.Image)

    def __init__(self, policy: Policy) -> None:
        super().__init__()
        self.policy = policy
        self._sampler = Sampler(policy)

    def extra_repr(self) -> str:
        """Name and size, as printed in a Compose."""
        return f"{self.policy.name}, {len(self.policy.sub_policies)} sub-policies"

    def check_inputs(self, flat_inputs: list[Any]) -> None:
        """Refuse what would come out wrong rather than pass it through."""
        for item in flat_inputs:
            if isinstance(item, tv_tensors.Video):
                raise TypeError("PolicyTransform gives every image a draw: it is not for videos")
            if isinstance(item, tv_tensors.BoundingBoxes) and item.format in _ROTATED:
                raise TypeError(f"boxes of format {item.format.value}: convert them to XYXY first")

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        """One draw for each image of the sample."""
        images = [i for i in flat_inputs if not isinstance(i, _Points | tv_tensors.Mask)]
        count = max((len(i) for i in images if isinstance(i, Tensor) and i.ndim == 4), default=1)
        return {"draw": self._sampler(count)}

    def forward(self, *inputs: Any) -> Any:
        """Augment a sample: an image, or any nest of tuples, lists and dicts with one in it."""
        alone = inputs[0] if len(inputs) == 1 else None
        if isinstance(alone, PIL.Image.Image):  # the way of most loaders, short
            return apply_to_picture(_supported(alone), self._sampler.one())
        return super().forward(*inputs)

    def transform(self, inpt: Any, params: dict[str, Draw]) -> Any:
        """Apply the draw to one image or batch, or move a mask, boxes or key points by it."""
        if isinstance(inpt, tv_tensors.Mask):
            return _move_mask(inpt, params["draw"])
        if isinstance(inpt, _Points):
            return _move_points(inpt, params["draw"])
        if isinstance(inpt, PIL.Image.Image):
            return apply_to_picture(_supported(inpt), params["draw"].choices())
        if inpt.dtype != torch.uint8:
            raise TypeError(
                f"expected a uint8 image, got {inpt.dtype}: put the policy before the conversion"
            )
        images = inpt.as_subclass(Tensor)
        result = _augment(images, params["draw"])
        return (
            tv_tensors.wrap(result, like=inpt) if isinstance(inpt, tv_tensors.TVTensor) else result
        )


def _supported(picture: PIL.Image.Image) -> PIL.Image.Image:
    if picture.mode not in ("RGB", "L"):
        raise TypeError(f'a PIL image of mode {picture.mode}: convert it to "RGB" or "L" first')
    return picture


def _augment(images: Tensor, draw: Draw) -> Tensor:
    """(C, H, W) or (B, C, H, W) under a draw; a single image in memory by way of Pillow."""
    if images.ndim == 4:
        return apply(images, draw)
    if images.device.type == "cpu" and images.ndim == 3 and len(images) in (1, 3):
        picture = apply_to_picture(F.to_pil_image(images), draw.choices())
        return F.pil_to_tensor(picture).contiguous()
    return apply(images[None], draw)[0]


def _maps(draw: Draw, k: int, height: int, width: int) -> Tensor:
    """The affine maps of the draw's operations `k`, float64 (B, 6); see `dada.ops.affine`.

    Where an operation is not applied, or moves nothing, its map is the identity.
    """
    maps = torch.tensor([1.0, 0, 0, 0, 1, 0], dtype=torch.float64).repeat(len(draw), 1)
    size = torch.empty(()).expand(1, 1, height, width)
    for row in draw.applied[:, k].nonzero().flatten().tolist():
        kernel = get(draw.operations[int(draw.operation[row, k])]).kernel
        if isinstance(kernel, TwoStep) and kernel.finish is affine:
            maps[row] = kernel.prepare(size, draw.value[row : row + 1, k])[0]
    return maps


def _move_mask(mask: tv_tensors.Mask, draw: Draw) -> tv_tensors.Mask:
    """The nearest pixel of the mask; a batch's masks are moved each by its own image's draw."""
    B = len(draw)
    if B > 1 and (mask.ndim < 3 or len(mask) != B):
        raise TypeError(f"{B} images but a mask {tuple(mask.shape)}: must be ({B}, ..., H, W)")
    H, W = mask.shape[-2:]
    moved = mask.as_subclass(Tensor).reshape(B, mask.shape.numel() // (B * H * W), H, W)
    for k in range(draw.operation.shape[1]):
        moved = affine(moved, _maps(draw, k, H, W).to(moved.device))
    return tv_tensors.wrap(moved.reshape(mask.shape), like=mask)


def _move_points(item: Any, draw: Draw) -> Any:
    """Boxes or key points of one image."""
    if len(draw) > 1:
        raise TypeError(
            f"{type(item).__name__} with a batch of {len(draw)} images: "
            "transform the samples before they become a batch"
        )
    exact = tv_tensors.wrap(item.as_subclass(Tensor).double(), like=item)
    if isinstance(item, tv_tensors.KeyPoints):
        moved = _forwards(exact.as_subclass(Tensor), draw, item.canvas_size)
    else:
        XYXY = tv_tensors.BoundingBoxFormat.XYXY
        plain = F.convert_bounding_box_format(exact, new_format=XYXY).as_subclass(Tensor)
        corners = _forwards(plain[..., _CORNERS], draw, item.canvas_size)
        around = torch.cat([corners.amin(-2), corners.amax(-2)], -1)
        cut = F.clamp_bounding_boxes(tv_tensors.wrap(around, like=item, format=XYXY))
        moved = F.convert_bounding_box_format(cut, new_format=item.format).as_subclass(Tensor)
    moved = moved if item.is_floating_point() else moved.round()
    return tv_tensors.wrap(moved.to(item.dtype), like=item)


def _forwards(points: Tensor, draw: Draw, canvas: tuple[int, int]) -> Tensor:
    """Where points (..., 2) of an image, x and y in float64, come to lie."""
    for k in range(draw.operation.shape[1]):
        a, b, c, d, e, f = _maps(draw, k, *canvas).to(points.device)[0]
        x, y = (points - torch.stack([c, f])).unbind(-1)
        # The map says where a pixel comes from, so points go by its inverse.
        points = torch.stack([e * x - b * y, a * y - d * x], -1) / (a * e - b * d)
    return points

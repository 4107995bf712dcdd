"""A policy as a torchvision v2 transform."""

from __future__ import annotations

from typing import Any

import numpy as np
import PIL.Image
import torch
from torch import Tensor
from torch.utils._pytree import tree_flatten, tree_unflatten
from torchvision import tv_tensors
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional as F

from dada.augment.apply import apply, apply_to_picture
from dada.augment.convert import from_array, to_array, to_picture, to_tensor
from dada.augment.draw import Draw
from dada.augment.sample import MOVING, check_picture, find_picture
from dada.augment.sampler import Sampler
from dada.ops import TwoStep, get
from dada.ops.affine import affine
from dada.policy import Policy

_CORNERS = ((0, 1), (2, 1), (2, 3), (0, 3))  # of a box, in its x0, y0, x1, y1


class PolicyTransform(v2.Transform):
    """Augment the picture of a sample under a policy; masks, boxes and key points move along.

    It goes where the policy goes in the pipeline: after crop and flip, before conversion to float
    and normalisation. A sample is a picture, or any nest of tuples, lists and dicts with one in it.

    The picture is a PIL image of mode RGB or L, a uint8 tensor (C, H, W), or a uint8 NumPy array
    (H, W) or (H, W, C) of 1 or 3 channels. A batch (B, C, H, W), or (B, H, W, C) in NumPy, stands
    for its images, each with a draw of its own. If the sample has no PIL image and no
    `torchvision.tv_tensors.Image`, the picture is its first tensor or array of two dimensions or
    more. What comes out is of the kind that went in.

    `tv_tensors.Mask`, `BoundingBoxes` and `KeyPoints` move with the picture. What moves them is
    shear, translation and rotation, or any operation that is registered with
    `dada.ops.affine.by_affine`; every other one leaves them, Cutout included. A mask is moved like
    the image, with 0 outside. A box becomes the box around its moved corners, cut to the canvas;
    `v2.SanitizeBoundingBoxes` drops those of which nothing is left. A batch may bring masks
    (B, ..., H, W); boxes and key points belong to one image.

    Everything else passes through: numbers, strings, labels, other tensors and arrays. Refused is
    what would come out wrong in silence: a sample without a picture or with several, and a plain
    tensor or array beside the picture that is uint8 or has the picture's height and width.

    Randomness is PyTorch's global generator: `torch.manual_seed` fixes the stream, and
    DataLoader gives every worker another one. Neither the default device nor the default type
    matters, and no float64 reaches the images' device.

    Args:
        policy: from a search, `dada.load_policy`, or made by hand.

    Raises:
        TypeError: a sample that is refused; a picture of another type, mode or shape; a video;
            rotated boxes; boxes that come with a batch.

    Examples:
        >>> import dada, torch
        >>> augment = dada.load_policy("dada-cifar10").transform()
        >>> augment(torch.zeros(8, 3, 32, 32, dtype=torch.uint8)).shape
        torch.Size([8, 3, 32, 32])
    """

    def __init__(self, policy: Policy) -> None:
        super().__init__()
        self.policy = policy
        self._sampler = Sampler(policy)

    def extra_repr(self) -> str:
        """Name and size, as printed in a Compose."""
        return f"{self.policy.name}, {len(self.policy.sub_policies)} sub-policies"

    def forward(self, *inputs: Any) -> Any:
        """Augment a sample."""
        alone = inputs[0] if len(inputs) == 1 else None
        if isinstance(alone, PIL.Image.Image):  # the way of most loaders, short
            check_picture(alone)
            return apply_to_picture(alone, self._sampler.one())
        leaves, structure = tree_flatten(inputs if len(inputs) > 1 else alone)
        where = find_picture(leaves)
        params = self.make_params([leaves[where]])
        for i, leaf in enumerate(leaves):
            if i == where or isinstance(leaf, MOVING):
                leaves[i] = self.transform(leaf, params)
        return tree_unflatten(leaves, structure)

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        """One draw for each image of a batch, or for the one picture."""
        batches = (i for i in flat_inputs if isinstance(i, Tensor | np.ndarray) and i.ndim == 4)
        return {"draw": self._sampler(max(map(len, batches), default=1))}

    def transform(self, inpt: Any, params: dict[str, Draw]) -> Any:
        """Apply the draw to a picture or batch, or move a mask, boxes or key points by it."""
        draw = params["draw"]
        if isinstance(inpt, tv_tensors.Mask):
            return _move_mask(inpt, draw)
        if isinstance(inpt, MOVING):
            return _move_points(inpt, draw)
        if isinstance(inpt, PIL.Image.Image):
            return apply_to_picture(inpt, draw.choices())
        if isinstance(inpt, np.ndarray):
            return to_array(_augment(from_array(inpt), draw), inpt)
        result = _augment(inpt.as_subclass(Tensor), draw)
        return tv_tensors.wrap(result, like=inpt) if isinstance(inpt, tv_tensors.Image) else result


def _augment(images: Tensor, draw: Draw) -> Tensor:
    """(C, H, W) or (B, C, H, W) under a draw; a single image in memory by way of Pillow."""
    if images.ndim == 4:
        return apply(images, draw)
    if images.device.type == "cpu" and len(images) in (1, 3) and images.numel():
        return to_tensor(apply_to_picture(to_picture(images), draw.choices()))
    return apply(images[None], draw)[0]


def _maps(draw: Draw, k: int, height: int, width: int) -> Tensor:
    """The affine maps of the draw's operations `k`, float64 (B, 6) on the CPU.

    Where an operation is not applied, or moves nothing, its map is the identity.
    """
    identity = torch.tensor([1.0, 0, 0, 0, 1, 0], dtype=torch.float64, device="cpu")
    maps, size = identity.repeat(len(draw), 1), torch.empty((), device="cpu")
    size = size.expand(1, 1, height, width)
    for row in draw.applied[:, k].nonzero().flatten().tolist():
        kernel = get(draw.operations[int(draw.operation[row, k])]).kernel
        if isinstance(kernel, TwoStep) and kernel.finish is affine:
            maps[row] = kernel.prepare(size, draw.value[row : row + 1, k])[0]
    return maps


def _move_mask(mask: tv_tensors.Mask, draw: Draw) -> tv_tensors.Mask:
    """The nearest pixel of the mask; a batch's masks are moved each by its own image's draw."""
    B = len(draw)
    if B != 1 and (mask.ndim < 3 or len(mask) != B):
        raise TypeError(f"{B} images but a mask {tuple(mask.shape)}: must be ({B}, ..., H, W)")
    H, W = mask.shape[-2:]
    layers = mask.shape[:-2].numel() if B == 1 else mask.shape[1:-2].numel()
    moved = mask.as_subclass(Tensor).reshape(B, layers, H, W)
    for k in range(draw.operation.shape[1]):
        moved = affine(moved, _maps(draw, k, H, W))
    return tv_tensors.wrap(moved.reshape(mask.shape), like=mask)


def _move_points(item: Any, draw: Draw) -> Any:
    """Boxes or key points of one image."""
    if len(draw) != 1:
        raise TypeError(
            f"{type(item).__name__} with a batch of {len(draw)} images: "
            "transform the samples before they become a batch"
        )
    exact = tv_tensors.wrap(item.as_subclass(Tensor).cpu().double(), like=item)
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
    return tv_tensors.wrap(moved.to(item.dtype).to(item.device), like=item)


def _forwards(points: Tensor, draw: Draw, canvas: tuple[int, int]) -> Tensor:
    """Where points (..., 2) of an image, x and y in float64, come to lie."""
    for k in range(draw.operation.shape[1]):
        a, b, c, d, e, f = _maps(draw, k, *canvas)[0]
        x, y = (points - torch.stack([c, f])).unbind(-1)
        # The map says where a pixel comes from, so points go by its inverse.
        points = torch.stack([e * x - b * y, a * y - d * x], -1) / (a * e - b * d)
    return points

"""A policy as a torchvision v2 transform."""

from __future__ import annotations

from collections.abc import Sequence
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
from dada.augment.convert import from_array, is_picture, to_array, to_picture, to_tensor
from dada.augment.draw import Choice, Draw
from dada.augment.epoch import Epoch
from dada.augment.following import follow
from dada.augment.motion import maps
from dada.augment.sample import MOVING, find_picture
from dada.augment.sampler import Sampler
from dada.policy import AnyPolicy


class PolicyTransform(v2.Transform):
    """Augment the picture of a sample under a policy; masks, boxes and key points move along.

    Put it in the pipeline after crop and flip, before conversion to float and normalisation. A
    sample is a picture, or any nesting of tuples, lists and dicts that contains one.

    The picture is a PIL image of mode RGB or L, a uint8 tensor (C, H, W), or a uint8 NumPy array
    (H, W) or (H, W, C) with 1 or 3 channels. In a batch (B, C, H, W), or (B, H, W, C) in NumPy,
    each image gets its own draw. If the sample has no PIL image and no
    `torchvision.tv_tensors.Image`, the picture is its first tensor or array with at least two
    dimensions. The output has the type of the input.

    `tv_tensors.Mask`, `BoundingBoxes` and `KeyPoints` move with the picture under shear,
    translation and rotation, and under any operation registered with `dada.ops.affine.by_affine`.
    No other operation moves them, Cutout included. A mask is moved like the image and filled with
    0. A box becomes the bounding box of what is left of it on the canvas;
    `v2.SanitizeBoundingBoxes` drops the boxes that are left empty. A batch may come with masks
    (B, ..., H, W); boxes and key points need a single image.

    Everything else passes through: numbers, strings, labels, other tensors and arrays. Samples that
    would silently be transformed wrongly are refused: those without a picture or with several,
    those with a plain tensor or array that is uint8 or has the picture's height and width, and
    masks, boxes and key points of a picture of another size.

    Random numbers come from PyTorch's global generator: `torch.manual_seed` fixes them, and a
    DataLoader seeds every worker differently. The default device and the default type have no
    effect, and no float64 reaches the images' device.

    A `dada.PolicySchedule` changes over the epochs: call `set_epoch` before each of them. Workers
    of a DataLoader follow, persistent ones too, also where they are started afresh ("spawn").

    Args:
        policy: from a search, from `dada.load_policy`, or made by hand.
        epochs: length of the training that a schedule is stretched to; None is its own length.

    Raises:
        UserError: a sample comes before `set_epoch` was called for a schedule, or no training has
            so many epochs.
        TypeError: a sample is refused; a picture has another type, mode or shape; a video; rotated
            boxes; boxes with a batch.

    Examples:
        >>> import dada, torch
        >>> augment = dada.load_policy("dada-cifar10").transform()
        >>> augment(torch.zeros(8, 3, 32, 32, dtype=torch.uint8)).shape
        torch.Size([8, 3, 32, 32])
    """

    def __init__(self, policy: AnyPolicy, epochs: int | None = None) -> None:
        super().__init__()
        policy.at(0, epochs)  # refuses what is no length, before workers have it
        self.policy, self.epochs = policy, epochs
        self._epoch = Epoch(started=policy.last_epoch is None)
        self._drawn: tuple[int, Sampler] | None = None

    def set_epoch(self, epoch: int) -> None:
        """Say which epoch begins; only a schedule needs to know.

        Args:
            epoch: from 0, as for PyTorch's `DistributedSampler`.

        Raises:
            UserError: the training has no such epoch.

        Examples:
            >>> from dada.policy import Policy, PolicySchedule, Stage
            >>> schedule = PolicySchedule((Stage(10, Policy.none()),))
            >>> augment = schedule.transform(epochs=30)
            >>> for epoch in range(30):
            ...     augment.set_epoch(epoch)
        """
        self.policy.at(epoch, self.epochs)
        self._epoch.set(epoch)

    @property
    def _sampler(self) -> Sampler:
        """Draws from the epoch's policy."""
        epoch = self._epoch.get()
        if self._drawn is None or self._drawn[0] != epoch:
            self._drawn = epoch, Sampler(self.policy.at(epoch, self.epochs))
        return self._drawn[1]

    def extra_repr(self) -> str:
        """Name and size, as printed in a Compose."""
        return f"{self.policy.name}, {self.policy.size}"

    def forward(self, *inputs: Any) -> Any:
        """Augment a sample."""
        alone = inputs[0] if len(inputs) == 1 else None
        if isinstance(alone, PIL.Image.Image | Tensor | np.ndarray):
            find_picture([alone])
            if is_picture(alone):  # a shortcut for most loaders
                return _through_pillow(alone, self._sampler.one())
        leaves, structure = tree_flatten(inputs if len(inputs) > 1 else alone)
        where = find_picture(leaves)
        params = self.make_params([leaves[where]])
        for i, leaf in enumerate(leaves):
            if i == where or isinstance(leaf, MOVING):
                leaves[i] = self.transform(leaf, params)
        return tree_unflatten(leaves, structure)

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        """One draw for each image of a batch, or for the single picture."""
        batches = (i for i in flat_inputs if isinstance(i, Tensor | np.ndarray) and i.ndim == 4)
        return {"draw": self._sampler(max(map(len, batches), default=1))}

    def transform(self, inpt: Any, params: dict[str, Draw]) -> Any:
        """Apply the draw to a picture or batch, or move a mask, boxes or key points accordingly."""
        draw = params["draw"]
        if isinstance(inpt, MOVING):
            return follow(inpt, maps(draw, *F.get_size(inpt)))
        if is_picture(inpt):
            return _through_pillow(inpt, draw.choices())
        if isinstance(inpt, np.ndarray):
            return to_array(_by_kernels(from_array(inpt), draw), inpt)
        return _like(inpt, _by_kernels(inpt.as_subclass(Tensor), draw))


def _through_pillow(image: Any, choices: Sequence[Choice]) -> Any:
    """Apply a draw to one picture in memory; see `is_picture`."""
    if isinstance(image, PIL.Image.Image):
        return apply_to_picture(image, choices)
    if not choices:  # to Pillow and back takes longer than a copy
        if isinstance(image, np.ndarray):
            return np.array(image, order="C")
        return image.clone(memory_format=torch.contiguous_format)
    if isinstance(image, np.ndarray):
        return np.array(apply_to_picture(to_picture(image), choices)).reshape(image.shape)
    picture = apply_to_picture(to_picture(image.as_subclass(Tensor)), choices)
    return _like(image, to_tensor(picture))


def _by_kernels(images: Tensor, draw: Draw) -> Tensor:
    """Apply a draw to (C, H, W) or (B, C, H, W)."""
    return apply(images, draw) if images.ndim == 4 else apply(images[None], draw)[0]


def _like(image: Tensor, result: Tensor) -> Tensor:
    """Wrap the result if the image was a `tv_tensors.Image`."""
    return tv_tensors.wrap(result, like=image) if isinstance(image, tv_tensors.Image) else result

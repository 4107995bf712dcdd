"""A policy as a torchvision v2 transform."""

from __future__ import annotations

from typing import Any

import PIL.Image
import torch
from torch import Tensor
from torchvision import tv_tensors
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional as F

from dada.augment.apply import apply
from dada.augment.draw import Draw
from dada.augment.sampler import Sampler
from dada.policy import Policy


class PolicyTransform(v2.Transform):
    """Augment PIL images, uint8 tensors (C, H, W) and batches (B, C, H, W) under a policy.

    Every image of a batch gets a draw of its own. It goes where the policy goes in the
    pipeline: after crop and flip, before conversion to float and normalisation.

    Randomness is PyTorch's global generator: `torch.manual_seed` fixes the stream, and
    DataLoader gives every worker another one.

    Args:
        policy: from a search, `dada.load_policy`, or made by hand.

    Raises:
        TypeError: float images, PIL modes other than RGB and L, or boxes and masks, which the
            transform would not move along with the image.

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
            if isinstance(item, tv_tensors.BoundingBoxes | tv_tensors.Mask | tv_tensors.Video):
                raise TypeError(
                    f"PolicyTransform is for classification: it does not move {type(item).__name__}"
                )

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        """One draw for each image of the sample."""
        count = max(
            (len(i) for i in flat_inputs if isinstance(i, Tensor) and i.ndim == 4), default=1
        )
        return {"draw": self._sampler(count)}

    def transform(self, inpt: Any, params: dict[str, Draw]) -> Any:
        """Apply the draw to one image or batch."""
        if isinstance(inpt, PIL.Image.Image):
            if inpt.mode not in ("RGB", "L"):
                raise TypeError(
                    f'a PIL image of mode {inpt.mode}: convert it to "RGB" or "L" first'
                )
            return F.to_pil_image(apply(F.pil_to_tensor(inpt)[None], params["draw"])[0])
        if inpt.dtype != torch.uint8:
            raise TypeError(
                f"expected a uint8 image, got {inpt.dtype}: put the policy before the conversion"
            )
        images = inpt.as_subclass(Tensor)
        batch = images if images.ndim == 4 else images[None]
        result = apply(batch, params["draw"]).reshape(images.shape)
        return (
            tv_tensors.wrap(result, like=inpt) if isinstance(inpt, tv_tensors.TVTensor) else result
        )

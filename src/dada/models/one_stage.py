"""torchvision's one-stage detectors, as this package trains networks: RetinaNet, FCOS and SSD.

torchvision's own forward pass takes a list of pictures, normalises and resizes them, and gives the
loss of a whole batch in training mode and boxes in evaluation mode. Here images are a batch that is
normalised already, and the outputs are the raw ones of the heads in both modes; what they cost and
which boxes they mean is torchvision's own code, one image at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import torch
from torch import Tensor, nn
from torchvision.models.detection import FCOS, RetinaNet
from torchvision.models.detection.image_list import ImageList
from torchvision.models.detection.ssd import SSD
from torchvision.ops import box_iou

from dada.models.detected import Detected
from dada.models.rows import padded, targets_of


def anchors_of(generator: nn.Module, images: Tensor, features: Sequence[Tensor]) -> Tensor:
    """The anchors of torchvision's generator, (anchors, 4) in pixels: the same for all images.

    Args:
        images: (B, C, H, W).
        features: each level of their pyramid, (B, C, h, w).
    """
    # Anchors have the type of the features, whose bfloat16 would round them.
    grids = [images.new_zeros(1, dtype=torch.float32).expand(f.shape) for f in features]
    size = (images.shape[2], images.shape[3])
    (anchors,) = generator(ImageList(images[:1], [size]), grids)
    return anchors


class OneStage(nn.Module):
    """What the three have in common. A subclass is one of torchvision's, too.

    torchvision's loss of a batch follows from these losses Lᵢ of single images. With nᵢ anchors
    that have an object it is ΣLᵢ/B for RetinaNet, Σ max(nᵢ, 1) Lᵢ / max(Σnᵢ, 1) for FCOS, and
    ΣnᵢLᵢ / max(Σnᵢ, 1) for SSD, where an image without objects costs nothing.
    """

    background: bool
    """Whether class 0 is that of no object."""
    heads = "head.classification_head"
    """Where layers are whose size depends on the classes."""
    # torchvision's
    backbone: nn.Module
    head: nn.Module
    anchor_generator: nn.Module
    proposal_matcher: nn.Module
    compute_loss: Any
    postprocess_detections: Any

    def forward(self, images: Tensor) -> Outputs:
        """Normalised images (B, C, H, W) to what is found, in training and in evaluation mode."""
        features = list(self.backbone(images).values())
        return Outputs(
            network=self,
            heads=self.head(features),
            anchors=anchors_of(self.anchor_generator, images, features),
            cells=[f.shape[2] * f.shape[3] for f in features],
            size=(images.shape[2], images.shape[3]),
        )

    def loss(self, outputs: Outputs, target: dict[str, Tensor]) -> dict[str, Tensor]:
        """The losses of one image, by their names in torchvision."""
        raise NotImplementedError

    def found(self, outputs: Outputs) -> list[dict[str, Tensor]]:
        """torchvision's boxes of each image, in pixels."""
        levels = outputs.levels()
        anchors = [list(outputs.anchors.split(levels))] * len(outputs)
        heads = {name: list(head.split(levels, 1)) for name, head in outputs.heads.items()}
        return self.postprocess_detections(heads, anchors, [outputs.size] * len(outputs))


@dataclass(frozen=True)
class Outputs(Detected):
    """The raw outputs of the heads for B images.

    Attributes:
        network: whose heads they are; its weights are not used again.
        heads: by their names in torchvision, each (B, anchors, …).
        anchors: (anchors, 4) in pixels, the same for all images.
        cells: positions of each level of the pyramid.
        size: height and width of the images.
    """

    network: OneStage
    heads: dict[str, Tensor]
    anchors: Tensor
    cells: Sequence[int]
    size: tuple[int, int]

    def losses(self, labels: Tensor) -> Tensor:
        """See `Detected.losses`."""
        targets = targets_of(labels, self.size, self.network.background)
        alone = (self[i : i + 1] for i in range(len(self)))
        each = (self.network.loss(*pair) for pair in zip(alone, targets, strict=True))
        return torch.stack([torch.stack(list(parts.values())).sum() for parts in each])

    @torch.no_grad()
    def boxes(self, most: int = 100) -> Tensor:
        """See `Detected.boxes`. Those with scores too low for torchvision are absent."""
        return padded(self.network.found(self), self.size, self.network.background, most)

    def tempered(self, temperature: float) -> Self:
        """See `Detected.tempered`."""
        logits = self.heads["cls_logits"] / temperature
        return replace(self, heads={**self.heads, "cls_logits": logits})

    def float(self) -> Self:
        """See `Detected.float`."""
        return self._each(Tensor.float)

    def detach(self) -> Self:
        """See `Detected.detach`."""
        return self._each(Tensor.detach)

    def levels(self) -> list[int]:
        """Anchors of each level of the pyramid, if all positions have as many."""
        per_position = len(self.anchors) // sum(self.cells)
        return [per_position * count for count in self.cells]

    def __len__(self) -> int:
        return len(self.heads["cls_logits"])

    def __getitem__(self, images: slice) -> Self:
        return self._each(lambda head: head[images])

    def _each(self, change: Any) -> Self:
        return replace(self, heads={name: change(head) for name, head in self.heads.items()})


class RetinaNetDetector(OneStage, RetinaNet):
    """RetinaNet (Lin et al. 2017)."""

    background = False

    def loss(self, outputs: Outputs, target: dict[str, Tensor]) -> dict[str, Tensor]:
        """See `OneStage.loss`."""
        return self.compute_loss([target], outputs.heads, [outputs.anchors])


class FCOSDetector(OneStage, FCOS):
    """FCOS (Tian et al. 2019)."""

    background = False

    def loss(self, outputs: Outputs, target: dict[str, Tensor]) -> dict[str, Tensor]:
        """See `OneStage.loss`."""
        return self.compute_loss([target], outputs.heads, [outputs.anchors], outputs.levels())


class SSDDetector(OneStage, SSD):
    """SSD (Liu et al. 2016) and SSDLite (Sandler et al. 2018), for images of any size."""

    background = True

    def loss(self, outputs: Outputs, target: dict[str, Tensor]) -> dict[str, Tensor]:
        """See `OneStage.loss`."""
        matched = torch.full((len(outputs.anchors),), -1, device=outputs.anchors.device)
        if len(target["boxes"]):
            matched = self.proposal_matcher(box_iou(target["boxes"], outputs.anchors))
        return self.compute_loss([target], outputs.heads, [outputs.anchors], [matched])

    def found(self, outputs: Outputs) -> list[dict[str, Tensor]]:
        """See `OneStage.found`."""
        count = len(outputs)
        return self.postprocess_detections(
            outputs.heads, [outputs.anchors] * count, [outputs.size] * count
        )

"""torchvision's Mask R-CNN, as this package trains networks: Faster R-CNN that also draws masks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torchvision.models.detection import MaskRCNN
from torchvision.models.detection.roi_heads import (
    maskrcnn_inference,
    maskrcnn_loss,
    paste_masks_in_image,
)

from dada.models.detected import masks_needed
from dada.models.instance_maps import kinds_of, objects
from dada.models.rows import Boxes
from dada.models.two_stage import FasterRCNNDetector, Proposed, Samples

_SURE = 0.5  # the least probability of a pixel in a mask, as in He et al. 2017
_HEADS = ("mask_head", "mask_predictor")


class MaskRCNNDetector(FasterRCNNDetector, MaskRCNN):
    """Mask R-CNN (He et al. 2017).

    The loss of a batch in torchvision is the mean of these losses of single images, where they have
    as many samples (`FasterRCNNDetector`) and as many of them have an object: with nᵢ of these, the
    losses of masks Lᵢ add up to ΣnᵢLᵢ / Σnᵢ there.
    """

    heads = ("roi_heads.box_predictor", "roi_heads.mask_predictor.mask_fcn_logits")

    def proposed(self, **parts: Any) -> ProposedMasks:
        """See `FasterRCNNDetector.proposed`."""
        return ProposedMasks(**parts)


@dataclass(frozen=True)
class ProposedMasks(Proposed):
    """What the first stage says of B images; the second draws masks, too."""

    def losses(self, labels: Tensor) -> Tensor:
        """Refused.

        Raises:
            UserError: always.
        """
        raise masks_needed("Mask R-CNN")

    def instance_losses(self, maps: Tensor) -> Tensor:
        """See `Detected.instance_losses`."""
        targets = self._targets(maps)
        losses, samples = self.judged(targets)
        return losses + self._mask_losses(samples, targets)

    @torch.no_grad()
    def instances(self, size: tuple[int, int], most: int = 100) -> Iterator[tuple[Tensor, Tensor]]:
        """See `Detected.instances`; of the pixels in a box those with a probability of a half."""
        for image, found in enumerate(self.boxes(most)):
            rows = found[found[:, 5] >= 0]
            inner, outer = (
                rows[:, :4] * rows.new_tensor([width, height, width, height])
                for height, width in (self.size, size)
            )
            features = {name: f[image : image + 1] for name, f in self.features.items()}
            logits = self._mask_logits(features, [inner], learn=False)
            shapes = maskrcnn_inference(logits, [rows[:, 5].long() + 1])[0]
            yield rows, paste_masks_in_image(shapes, outer, size)[:, 0] >= _SURE

    def _targets(self, maps: Tensor) -> list[Boxes]:
        """What torchvision's losses are given for each image; `masks` are bool (D, H, W)."""
        found = objects(maps)
        there = [found.image == image for image in range(len(maps))]
        return [
            {
                "boxes": found.boxes[here].float(),
                "labels": kinds_of(found.value[here]) + 1,
                "masks": one == found.value[here][:, None, None],
            }
            for one, here in zip(maps, there, strict=True)
        ]

    def _mask_losses(self, samples: Sequence[Samples], targets: Sequence[Boxes]) -> Tensor:
        """(B,) how far masks are from those of the objects; 0 without a sample of one."""
        some = [image.numbers > 0 for image in samples]
        boxes = [image.proposals[here] for image, here in zip(samples, some, strict=True)]
        matched = [image.matched[here] for image, here in zip(samples, some, strict=True)]
        if not any(map(len, boxes)):
            return self.logits.new_zeros(len(self))
        logits = self._mask_logits(self.features, boxes, self.learns).split([*map(len, boxes)])
        parts = zip(logits, boxes, targets, matched, strict=True)
        each = [
            maskrcnn_loss(drawn, [box], [target["masks"]], [target["labels"]], [of])
            for drawn, box, target, of in parts
        ]
        return torch.stack(each)

    def _mask_logits(self, features: Any, boxes: list[Tensor], learn: bool) -> Tensor:
        """(P, classes + 1, 28, 28) for boxes in pixels."""
        pool = self.network.roi_heads.mask_roi_pool
        x = pool(dict(features), boxes, [self.size] * len(boxes))
        return self.through(_HEADS, x, learn)

"""torchvision's detectors and segmentation networks by name, as this package trains them.

torchvision's builders choose the class of a network themselves. A network that they made is given
ours, which differs in its forward pass only: the names of its weights stay torchvision's.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import torchvision.models
from torch import Tensor, nn
from torchvision.models import detection, segmentation
from torchvision.models.detection.backbone_utils import resnet_fpn_backbone
from torchvision.models.detection.ssd import SSD
from torchvision.ops.feature_pyramid_network import LastLevelP6P7

from dada.models.mask_rcnn import MaskRCNNDetector
from dada.models.one_stage import FCOSDetector, OneStage, RetinaNetDetector, SSDDetector
from dada.models.two_stage import FasterRCNNDetector

DETECTORS = (OneStage, FasterRCNNDetector)
"""The classes of all detectors."""
_CLASSES: dict[type[nn.Module], type[nn.Module]] = {
    detection.RetinaNet: RetinaNetDetector,
    detection.FCOS: FCOSDetector,
    SSD: SSDDetector,
    detection.FasterRCNN: FasterRCNNDetector,
    detection.MaskRCNN: MaskRCNNDetector,
}
_TWO_STAGES: dict[str, type[FasterRCNNDetector]] = {
    "fasterrcnn": FasterRCNNDetector,
    "maskrcnn": MaskRCNNDetector,
}
_OF_BACKBONE: dict[str, Callable[..., nn.Module]] = {
    "retinanet": RetinaNetDetector,
    "fcos": FCOSDetector,
    **_TWO_STAGES,
}
_OTHER_DEPTH = re.compile(rf"({'|'.join(_OF_BACKBONE)})_(resnet(?:18|34|101|152))_fpn")


class _OutOnly:
    """A segmentation network that returns its logits, not a dictionary that has them."""

    def forward(self, images: Tensor) -> Tensor:
        """Normalised images (B, C, H, W) to logits (B, classes, H, W)."""
        return super().forward(images)["out"]  # type: ignore[misc]


class DeepLabV3(_OutOnly, segmentation.DeepLabV3):
    """DeepLabV3 (Chen et al. 2017)."""


class FCN(_OutOnly, segmentation.FCN):
    """A fully convolutional network (Long et al. 2015)."""


class LRASPP(_OutOnly, segmentation.LRASPP):
    """Lite R-ASPP (Howard et al. 2019)."""


_SEGMENTERS: dict[type[nn.Module], type[nn.Module]] = {
    segmentation.DeepLabV3: DeepLabV3,
    segmentation.FCN: FCN,
    segmentation.LRASPP: LRASPP,
}


def other_resnet(name: str) -> str | None:
    """The ResNet, of 18, 34, 101 or 152 layers, in the name of a detector that torchvision has with
    50 layers only. None for other names.

    Examples:
        >>> other_resnet("retinanet_resnet18_fpn")
        'resnet18'
    """
    match = _OTHER_DEPTH.fullmatch(name)
    return match[2] if match else None


def segmenter(name: str, classes: int) -> nn.Module:
    """One of `dada.models.libraries.segmenters`, with fresh weights, without its auxiliary head."""
    network = torchvision.models.get_model(
        name, weights=None, weights_backbone=None, num_classes=classes, aux_loss=False
    )
    network.__class__ = _SEGMENTERS[type(network)]
    return network


def detector(name: str, classes: int) -> nn.Module:
    """One of `dada.models.libraries.detectors`, or one with an `other_resnet`, with fresh weights.

    Images keep their size. Batch normalisation is an ordinary one.
    """
    if match := _OTHER_DEPTH.fullmatch(name):
        return _begun(_with_resnet(match[1], match[2], classes))
    background = name.startswith((*_TWO_STAGES, "ssd"))
    network = torchvision.models.get_model(
        name, weights=None, weights_backbone=None, num_classes=classes + background
    )
    network.__class__ = _CLASSES[type(network)]
    return _begun(network)


def _begun(network: nn.Module) -> nn.Module:
    """The network, of which no output is dead from the start.

    torchvision's FCOS puts the distances to a box's sides through a ReLU, and they start around 0:
    with some seeds all are below it after a few steps, and stay there without a gradient. Here they
    start at the size of a cell.
    """
    if isinstance(network, FCOSDetector):
        nn.init.ones_(network.get_parameter("head.regression_head.bbox_reg.bias"))
    return network


def _with_resnet(kind: str, resnet: str, classes: int) -> nn.Module:
    options: dict[str, Any] = {}
    if kind not in _TWO_STAGES:  # as in torchvision's builders
        options = {"returned_layers": [2, 3, 4], "extra_blocks": LastLevelP6P7(256, 256)}
    backbone = resnet_fpn_backbone(
        backbone_name=resnet,
        weights=None,
        norm_layer=nn.BatchNorm2d,
        trainable_layers=5,
        **options,
    )
    return _OF_BACKBONE[kind](backbone, classes + (kind in _TWO_STAGES))

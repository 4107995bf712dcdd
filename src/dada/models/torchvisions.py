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

from dada.models.one_stage import FCOSDetector, RetinaNetDetector, SSDDetector
from dada.models.two_stage import FasterRCNNDetector

_DETECTORS: dict[type[nn.Module], type[nn.Module]] = {
    detection.RetinaNet: RetinaNetDetector,
    detection.FCOS: FCOSDetector,
    SSD: SSDDetector,
    detection.FasterRCNN: FasterRCNNDetector,
}
_OTHER_DEPTH = re.compile(r"(retinanet|fcos|fasterrcnn)_resnet(18|34|101|152)_fpn")
_OF_BACKBONE: dict[str, Callable[..., nn.Module]] = {
    "retinanet": RetinaNetDetector,
    "fcos": FCOSDetector,
    "fasterrcnn": FasterRCNNDetector,
}


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


def detectors() -> list[str]:
    """The names of torchvision's detectors that give boxes and need nothing else."""
    listed = torchvision.models.list_models(module=detection)
    return [name for name in listed if not name.startswith(("maskrcnn", "keypointrcnn"))]


def segmenters() -> list[str]:
    """The names of torchvision's segmentation networks."""
    return torchvision.models.list_models(module=segmentation)


def is_other_depth(name: str) -> bool:
    """Whether the name is that of a detector with a ResNet that torchvision's have not: 18, 34, 101
    or 152 layers, such as ``retinanet_resnet18_fpn``."""
    return _OTHER_DEPTH.fullmatch(name) is not None


def segmenter(name: str, classes: int) -> nn.Module:
    """One of `segmenters`, with fresh weights and without its auxiliary classifier."""
    network = torchvision.models.get_model(
        name, weights=None, weights_backbone=None, num_classes=classes, aux_loss=False
    )
    network.__class__ = _SEGMENTERS[type(network)]
    return network


def detector(name: str, classes: int) -> nn.Module:
    """One of `detectors`, or one with a ResNet of another depth, with fresh weights.

    Images keep their size. Batch normalisation is an ordinary one.
    """
    if match := _OTHER_DEPTH.fullmatch(name):
        return _with_resnet(match[1], int(match[2]), classes)
    background = name.startswith(("fasterrcnn", "ssd"))
    network = torchvision.models.get_model(
        name, weights=None, weights_backbone=None, num_classes=classes + background
    )
    network.__class__ = _DETECTORS[type(network)]
    return network


def _with_resnet(kind: str, depth: int, classes: int) -> nn.Module:
    options: dict[str, Any] = {}
    if kind != "fasterrcnn":  # as in torchvision's builders
        options = {"returned_layers": [2, 3, 4], "extra_blocks": LastLevelP6P7(256, 256)}
    backbone = resnet_fpn_backbone(
        backbone_name=f"resnet{depth}",
        weights=None,
        norm_layer=nn.BatchNorm2d,
        trainable_layers=5,
        **options,
    )
    make = _OF_BACKBONE[kind]
    return make(backbone, classes + (make is FasterRCNNDetector))

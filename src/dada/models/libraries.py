"""Libraries of networks: torchvision, and timm, which is optional."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

import torchvision.models
from torchvision.models import detection, segmentation


def torchvisions() -> list[str]:
    """The names of torchvision's classifiers."""
    return torchvision.models.list_models(module=torchvision.models)


def segmenters() -> list[str]:
    """The names of torchvision's segmentation networks."""
    return torchvision.models.list_models(module=segmentation)


def detectors() -> list[str]:
    """The names of torchvision's detectors that give boxes, or boxes and masks."""
    listed = torchvision.models.list_models(module=detection)
    return [name for name in listed if not name.startswith("keypointrcnn")]


def timm_or_none() -> ModuleType | None:
    """timm, or None if it is not installed; imported only when a name may be its."""
    try:
        return import_module("timm")
    except ImportError:
        return None

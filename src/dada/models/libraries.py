"""Libraries of networks: torchvision, and timm, which is optional."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

import torchvision.models


def torchvisions() -> list[str]:
    """The names of torchvision's classifiers."""
    return torchvision.models.list_models(module=torchvision.models)


def timm_or_none() -> ModuleType | None:
    """timm, or None if it is not installed; imported only when a name may be its."""
    try:
        return import_module("timm")
    except ImportError:
        return None

"""Optional libraries of networks."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

INSTALL_TIMM = "pip install 'dada-augment[timm]'"


def timm_or_none() -> ModuleType | None:
    """timm, or None if it is not installed; imported only when a name may be its."""
    try:
        return import_module("timm")
    except ImportError:
        return None

"""Optional libraries: imported where they are used, and what to install where one is missing."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

from dada.errors import UserError

PACKAGES = {
    "albumentations": "'dada-augment[albumentations]'",
    "datasets": "'dada-augment[hf]'",
    "kornia": "'dada-augment[kornia]'",
    "mlflow": "'dada-augment[mlflow]'",
    "nvidia.dali": "nvidia-dali-cuda120",  # named after the CUDA version, so it is not an extra
    "onnxscript": "'dada-augment[onnx]'",
    "optuna": "'dada-augment[optuna]'",
    "pyarrow.parquet": "'dada-augment[parquet]'",
    "pycocotools": "'dada-augment[detection]'",
    "pycocotools.mask": "'dada-augment[detection]'",
    "ray": "'dada-augment[ray]'",
    "ray.tune": "'dada-augment[ray]'",
    "safetensors.torch": "safetensors",
    "tensorboard": "'dada-augment[tensorboard]'",
    "timm": "'dada-augment[timm]'",
    "torchmetrics.detection": "'dada-augment[detection]'",
    "wandb": "'dada-augment[wandb]'",
}
"""What pip installs, by the library's name in Python."""


def library(name: str, user: str) -> ModuleType:
    """An optional library.

    Args:
        name: one of `PACKAGES`.
        user: what needs it, for the message.

    Raises:
        UserError: it is not installed; the message says how to install it.

    Examples:
        >>> library("nvidia.dali", "the export to DALI")
        Traceback (most recent call last):
        dada.errors.UserError: the export to DALI needs nvidia.dali: pip install nvidia-dali-cuda120
    """
    try:
        return import_module(name)
    except ImportError as error:
        raise _missing(name, user) from error


def check_library(name: str, user: str) -> None:
    """The same without importing it, for libraries that take long.

    Raises:
        UserError: as `library`.
    """
    if find_spec(name) is None:
        raise _missing(name, user)


def install(name: str) -> str:
    """The line that installs a library.

    Examples:
        >>> install("timm")
        "pip install 'dada-augment[timm]'"
    """
    return f"pip install {PACKAGES[name]}"


def _missing(name: str, user: str) -> UserError:
    return UserError(f"{user} needs {name}: {install(name)}")

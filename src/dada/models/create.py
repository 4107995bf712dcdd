"""Child networks by name, and the one that suits an image size."""

import re

import torchvision.models
from torch import nn

from dada.errors import UserError
from dada.models.wide_resnet import WideResNet

_WRN = re.compile(r"wrn-(\d+)-(\d+)")
_FAMILIES = ("resnet", "resnext", "wide_resnet")


def names() -> tuple[str, ...]:
    """Torchvision's residual networks that :func:`create` knows besides ``wrn-DEPTH-WIDTH``."""
    listed = torchvision.models.list_models(module=torchvision.models)
    return tuple(name for name in listed if name.startswith(_FAMILIES))


def create(name: str, classes: int, channels: int = 3) -> nn.Module:
    """Make a child network with fresh weights.

    Args:
        name: ``wrn-DEPTH-WIDTH`` such as ``wrn-40-2`` (depth 6n + 4), or one of :func:`names`.
        classes: number of outputs.
        channels: channels of the input images.

    Returns:
        A network from (B, channels, H, W) normalised images to (B, classes) logits, in training
        mode, on the CPU.

    Raises:
        UserError: the name is not known, or the depth is not 6n + 4.
    """
    name = name.lower()
    if match := _WRN.fullmatch(name):
        return WideResNet(int(match[1]), int(match[2]), classes, channels)
    if name not in names():
        raise UserError(
            f"unknown network '{name}': give wrn-DEPTH-WIDTH (wrn-16-2, wrn-40-2, wrn-28-10, ...) "
            f"or one of {', '.join(names())}"
        )
    network = torchvision.models.get_model(name, weights=None, num_classes=classes)
    if channels != network.conv1.in_channels:
        network.conv1 = _with_channels(network.conv1, channels)
    return network


def suggest(side: int, accelerated: bool) -> str:
    """Name the default child network for images ``side`` pixels wide.

    The choice keeps a search in minutes: ``accelerated`` says whether it runs on a GPU.
    """
    if side <= 16:
        return "wrn-10-2"
    if side <= 64:
        return "wrn-40-2" if accelerated else "wrn-16-2"
    return "resnet18"


def _with_channels(conv: nn.Conv2d, channels: int) -> nn.Conv2d:
    """Copy a first convolution for another number of channels, initialised as torchvision does."""
    fresh = nn.Conv2d(
        channels,
        conv.out_channels,
        kernel_size=conv.kernel_size,  # type: ignore[arg-type]
        stride=conv.stride,  # type: ignore[arg-type]
        padding=conv.padding,  # type: ignore[arg-type]
        bias=conv.bias is not None,
    )
    nn.init.kaiming_normal_(fresh.weight, mode="fan_out", nonlinearity="relu")
    return fresh

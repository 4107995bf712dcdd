"""Child networks by name, and a usual one by image size."""

from __future__ import annotations

import re
from collections.abc import Callable
from difflib import get_close_matches
from functools import cache, partial
from types import ModuleType
from typing import Any

import torch
import torchvision.models
from torch import nn

from dada.errors import UserError
from dada.extras import install, library
from dada.models import pyramid_net, shake_shake, wide_resnet
from dada.models.detector import Detector
from dada.models.libraries import detectors, segmenters, timm_or_none, torchvisions
from dada.models.mask_detector import MaskDetector
from dada.models.of_torchvision import detector, other_resnet, segmenter
from dada.models.pretrained import start_from
from dada.models.proxy import Proxy
from dada.models.pyramid_net import PyramidNet
from dada.models.resnet import resnet200
from dada.models.segmenter import Segmenter
from dada.models.shake_shake import ShakeShake
from dada.models.wide_resnet import WideResNet
from dada.names import NETWORK_PATTERNS, PAPER_NETWORKS

Builder = Callable[[int, int], nn.Module]  # from classes and channels

_WRN = re.compile(r"wrn-(\d{1,9})-([1-9]\d{0,5})")
_OF_WIDTH = re.compile(r"(proxy|scout|segmenter|detector|mask-detector)-([1-9]\d{0,5})")
_KINDS: dict[str, type[nn.Module]] = {
    "proxy": Proxy,
    "scout": Proxy,  # its name until 0.2
    "segmenter": Segmenter,
    "detector": Detector,
    "mask-detector": MaskDetector,
}
_SHAKE_SHAKE = re.compile(r"shake-shake-(\d{1,9})-2x(\d{1,6})d")
_PYRAMID_NET = re.compile(r"pyramidnet-(\d{1,9})-(\d{1,6})")
_DEEPEST, _LARGEST = 2000, 10**9  # layers; parameters, which take 12 GB in training
# In training these two also return the logits of side branches, unless told not to.
_SIDE_BRANCHES = ("googlenet", "inception_v3")
_WITHOUT: dict[str, Any] = {"aux_logits": False, "init_weights": True}


def names() -> tuple[str, ...]:
    """Networks that `create` knows: the paper's, then torchvision's: classifiers, segmentation
    networks and detectors.

    Other depths and widths of the paper's, and timm's networks, are not listed.
    """
    others = (name for name in torchvisions() if name not in PAPER_NETWORKS)
    return (*PAPER_NETWORKS, *others, *segmenters(), *detectors())


def check_name(name: str) -> None:
    """Check, without making it, that `create` knows a network with that name.

    Raises:
        UserError: as `create`.
    """
    _builder(name.lower())


def create(name: str, classes: int, channels: int = 3, weights: str | None = None) -> nn.Module:
    """Make a child network with fresh weights, drawn from torch's global generator.

    Args:
        name: ``wrn-DEPTH-WIDTH`` such as ``wrn-40-2`` (depth 6n + 4),
            ``shake-shake-DEPTH-2xWIDTHd`` such as ``shake-shake-26-2x96d`` (depth 6n + 2),
            ``pyramidnet-DEPTH-ALPHA`` such as ``pyramidnet-272-200`` (depth 9n + 2),
            ``proxy-WIDTH`` such as ``proxy-32`` (the first convolution's channels),
            ``segmenter-WIDTH``, ``detector-WIDTH`` and ``mask-detector-WIDTH``, such as
            ``segmenter-16`` (likewise),
            ``resnet200``, a network of torchvision's (a detector also with a ResNet of 18, 34, 101
            or 152 layers: ``retinanet_resnet18_fpn``), or one of timm's: ``timm:NAME``, or just
            NAME if torchvision has no such network. Some networks of the two libraries accept
            only one image size.
        classes: number of outputs.
        channels: channels of the input images.
        weights: what it starts from instead (`dada.models.pretrained.start_from`), its last layer
            excepted: "pretrained", for those of torchvision or timm, or a file; for a detector or
            a segmentation network also a file of a classifier's, for its backbone.

    Returns:
        A network in training mode, on the CPU, from (B, channels, H, W) normalised images to
        logits (B, classes); of a segmentation network to logits (B, classes, H, W); of a detector
        to a `dada.models.Detected`.

    Raises:
        UserError: the name is unknown, its depth or width is impossible, or it needs timm, which is
            not installed.
    """
    network = _builder(name.lower())(classes, channels)
    if weights is not None:
        start_from(network, name.lower(), weights, classes)
    return network


def suggest(side: int, accelerated: bool) -> str:
    """The name of the default child network, with which a search takes minutes.

    Args:
        side: the longer side of the images, in pixels.
        accelerated: whether it runs on a GPU.
    """
    if side <= 16:
        return "wrn-10-2"
    if side <= 64:
        return "wrn-40-2" if accelerated else "wrn-16-2"
    return "resnet18"


def _builder(name: str) -> Builder:
    """The builder of the network with that name, which is checked."""
    if match := _WRN.fullmatch(name):
        depth, width = map(int, match.groups())
        wide_resnet.check_depth(depth)
        return _bounded(name, depth, WideResNet, depth, width)
    if match := _OF_WIDTH.fullmatch(name):
        return _bounded(name, 0, _KINDS[match[1]], int(match[2]))
    if match := _SHAKE_SHAKE.fullmatch(name):
        depth, width = map(int, match.groups())
        shake_shake.check_depth(depth)
        shake_shake.check_width(width)
        return _bounded(name, depth, ShakeShake, depth, width)
    if match := _PYRAMID_NET.fullmatch(name):
        depth, alpha = map(int, match.groups())
        pyramid_net.check_depth(depth)
        return _bounded(name, depth, PyramidNet, depth, alpha)
    if name in names() or other_resnet(name):
        return partial(_from_torchvision, name)
    return _timm_builder(name)


def _bounded(name: str, depth: int, kind: Callable[..., nn.Module], *numbers: int) -> Builder:
    """The builder of the network, whose size is checked."""
    if depth > _DEEPEST:
        raise UserError(f"network '{name}' is {depth:,} layers deep: at most {_DEEPEST:,}")
    if (count := _parameters(kind, *numbers)) > _LARGEST:
        raise UserError(f"network '{name}' has {count:.2g} parameters: at most {_LARGEST:,}")
    return partial(kind, *numbers)


@cache
def _parameters(kind: Callable[..., nn.Module], *numbers: int) -> int:
    """Number of the network's parameters, found without allocating them."""
    with torch.device("meta"):
        return sum(parameter.numel() for parameter in kind(*numbers, 10, 3).parameters())


def _from_torchvision(name: str, classes: int, channels: int) -> nn.Module:
    network: nn.Module
    if name == "resnet200":
        network = resnet200(classes)
    elif name in segmenters():
        network = segmenter(name, classes)
    elif name in detectors() or other_resnet(name):
        network = detector(name, classes)
    else:
        options = _WITHOUT if name in _SIDE_BRANCHES else {}
        network = torchvision.models.get_model(name, weights=None, num_classes=classes, **options)
    if channels != 3:
        _take_channels(network, channels)
    return network


def _take_channels(network: nn.Module, channels: int) -> None:
    """Redraw the first convolution for another number of channels, with the same spread."""
    conv = next(module for module in network.modules() if isinstance(module, nn.Conv2d))
    spread = conv.weight.detach().std()
    conv.in_channels = channels
    shape = (conv.out_channels, channels, *conv.kernel_size)
    conv.weight = nn.Parameter(torch.randn(shape) * spread)


def _timm_builder(name: str) -> Builder:
    plain = name.removeprefix("timm:")
    timm = library("timm", f"network '{name}'") if plain != name else timm_or_none()
    if timm is None or not timm.is_model(plain):
        raise UserError(_unknown(name, timm))
    return partial(_from_timm, timm, plain)


def _unknown(name: str, timm: ModuleType | None) -> str:
    """The message for an unknown name."""
    timms = timm.list_models() if timm else []
    known = [f"timm:{model}" for model in timms] if "timm:" in name else [*names(), *timms]
    close = get_close_matches(name, dict.fromkeys(known), n=3)
    hint = f" (did you mean {' or '.join(close)}?)" if close else ""
    others = "timm's" if timm else f"timm's ({install('timm')})"
    return (
        f"unknown network '{name:.60}'{hint}: give {', '.join(NETWORK_PATTERNS)}, "
        f"a network of torchvision's such as resnet18, or one of {others}"
    )


def _from_timm(timm: ModuleType, name: str, classes: int, channels: int) -> nn.Module:
    return timm.create_model(name, pretrained=False, num_classes=classes, in_chans=channels)

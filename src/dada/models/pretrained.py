"""Weights that a network starts from: a library's for its name, or those of a file."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import torch
import torchvision.models
from torch import Tensor, nn

from dada.errors import UserError, option
from dada.extras import library
from dada.models.backbone import State, load_backbone, named
from dada.models.libraries import detectors, segmenters, timm_or_none, torchvisions
from dada.models.of_torchvision import DETECTORS, other_resnet
from dada.names import PRETRAINED, WEIGHTS

_LARGEST = 2**33  # bytes of a file of weights
_WITHIN = ("state_dict", "model_state", "model", "module")  # what files call the weights
_WRAPPERS = ("module.", "_orig_mod.", "model.")  # of data-parallel, compiled and Lightning modules
_IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
_OTHERS = {  # torchvision's that were not trained on images normalised like that
    "ssd300_vgg16": ((0.48235, 0.45882, 0.40784), (1 / 255,) * 3),
    "ssdlite320_mobilenet_v3_large": ((0.5,) * 3, (0.5,) * 3),
}


class Statistics(NamedTuple):
    """What images are normalised with, per channel, of images scaled to [0, 1]."""

    mean: tuple[float, ...]
    std: tuple[float, ...]


def statistics_of(name: str) -> Statistics | None:
    """What the pre-trained weights of a library's network expect; None for other networks.

    Examples:
        >>> statistics_of("resnet18").mean
        (0.485, 0.456, 0.406)
    """
    if _by_torchvision(name) or other_resnet(name):
        return Statistics(*_OTHERS.get(name, _IMAGENET))
    timm, plain = timm_or_none(), name.removeprefix("timm:")
    if timm is None or not timm.is_model(plain):
        return None
    known = timm.get_pretrained_cfg(plain)
    return Statistics(tuple(known.mean), tuple(known.std)) if known else None


def for_channels(statistics: Statistics, channels: int) -> Statistics:
    """The statistics for images with another number of channels: each the mean of all."""
    if len(statistics.mean) == channels:
        return statistics
    mean, std = (round(sum(values) / len(values), 6) for values in statistics)
    return Statistics((mean,) * channels, (std,) * channels)


def start_from(network: nn.Module, name: str, weights: str, classes: int) -> None:
    """Give a network pre-trained weights. Where classes differ, its last layer starts at 0, so that
    its first gradients do not disturb what the others know (Kolesnikov et al. 2020, BiT); those
    layers of a detector that depend on the classes keep their fresh weights.

    A network that has a backbone may also be given the weights of a classifier, for that alone
    (`load_backbone`).

    Args:
        network: changed in place.
        name: as in `dada.models.create`, in messages and for `PRETRAINED`.
        weights: `PRETRAINED`, or a file: a dictionary of tensors as `torch.save` or safetensors
            write it. Names may differ from the network's if order and shapes do not.
        classes: number of outputs.

    Raises:
        UserError: there are no such weights, or they are those of another network.
    """
    state = weights_of(name, weights)
    own = network.state_dict()
    found = named(state, own) or _ordered(state, own)
    if not found and hasattr(network, "backbone"):
        load_backbone(network, state, _where(name, weights))
        return
    left = [key for key in own if key not in found and not key.endswith("num_batches_tracked")]
    places = {key.rpartition(".")[0] for key in left}
    if not found or not all(_is_head(network, place, classes) for place in places):
        first = left[0] if left else "nothing"
        raise UserError(
            f"{_where(name, weights)}: not the weights of {name}: {len(found)} of its {len(own)} "
            f"tensors are there; {first} is missing, or has another shape"
        )
    fresh = own if isinstance(network, DETECTORS) else {k: torch.zeros_like(own[k]) for k in left}
    network.load_state_dict({**own, **fresh, **found})


def weights_of(name: str, weights: str) -> State:
    """The weights themselves.

    Raises:
        UserError: as `start_from`.
    """
    return _library_state(name) if weights == PRETRAINED else read_weights(weights)


def _ordered(state: State, own: State) -> dict[str, Tensor]:
    """The same by order, for weights of another library's network with the same layers: all
    shapes but those of the last layer must be the same, one after another."""
    given = [tensor for tensor in state.values() if tensor.ndim]
    names = [key for key, tensor in own.items() if tensor.ndim]
    if len(given) != len(names):
        return {}
    return named(dict(zip(names, given, strict=True)), own)


def _is_head(network: nn.Module, place: str, classes: int) -> bool:
    if isinstance(network, DETECTORS):
        return place.startswith(network.heads)
    layer = network.get_submodule(place)
    width = getattr(layer, "out_features", getattr(layer, "out_channels", None))
    return width == classes


def _where(name: str, weights: str) -> str:
    return f"the pre-trained weights of {name}" if weights == PRETRAINED else weights


@lru_cache(maxsize=1)
def _library_state(name: str) -> State:
    name = other_resnet(name) or name
    plain = name.removeprefix("timm:")
    timm = timm_or_none()
    if _by_torchvision(name):
        return _fetched(name, torchvision.models.get_model_weights(name).DEFAULT.get_state_dict)
    if timm is not None and timm.is_model(plain):
        return _fetched(name, lambda: timm.create_model(plain, pretrained=True).state_dict())
    raise UserError(
        f"network {name} has no pre-trained weights: give a file of them, {option('weights')}"
    )


def _by_torchvision(name: str) -> bool:
    return name in torchvisions() or name in segmenters() or name in detectors()


def _fetched(name: str, fetch: Callable[[], Any]) -> State:
    try:
        state: State = fetch()
    except Exception as error:  # libraries fail in many ways, most of them a missing network
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UserError(
            f"the pre-trained weights of {name} cannot be fetched ({reason:.120}): give a file of "
            f"them, {option('weights')}"
        ) from None
    return state


def read_weights(weights: str) -> State:
    """The weights in a file: tensors by name, as `torch.save` or safetensors write them.

    They are read as data; nothing in the file is executed.

    Raises:
        UserError: there is no such file, or it holds no weights.
    """
    path = Path(weights)
    try:
        size, changed = path.stat().st_size, path.stat().st_mtime_ns
    except OSError:
        raise UserError(f"weights {weights}: no such file") from None
    if path.is_dir():
        file = path / WEIGHTS["last"]
        raise UserError(f"weights {weights}: a folder; give the file, such as {file}")
    if size > _LARGEST:
        raise UserError(f"{path}: {size:,} bytes: at most {_LARGEST:,} are read")
    return _read(path, changed)


@lru_cache(maxsize=1)
def _read(path: Path, changed: int) -> State:
    """The tensors of a file, by their names in the network."""
    if path.suffix == ".safetensors":
        read = library("safetensors.torch", str(path)).load_file
    else:
        read = partial(torch.load, map_location="cpu", weights_only=True)
    try:
        given: Any = read(path)
    except Exception as error:  # unpickling fails in many ways, all the file's fault
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UserError(f"{path}: not a file of weights ({reason:.80})") from None
    for name in _WITHIN:
        if isinstance(given, dict) and isinstance(given.get(name), dict):
            given = given[name]
    if not isinstance(given, dict) or not any(isinstance(v, Tensor) for v in given.values()):
        raise UserError(f"{path}: not a file of weights: it must hold tensors by name")
    state = {str(key): value for key, value in given.items() if isinstance(value, Tensor)}
    for prefix in _WRAPPERS:
        if all(key.startswith(prefix) for key in state):
            state = {key.removeprefix(prefix): value for key, value in state.items()}
    return state

"""A classifier's weights for the backbone of a segmentation network or a detector."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from torch import Tensor, nn

from dada.errors import UserError

State = Mapping[str, Tensor]
"""Weights by name."""

_PLACES = ("backbone.body.", "backbone.")  # with a feature pyramid, and without
_SOURCES = ("", "features.", *_PLACES)  # where classifiers, and others of these networks, have it


class Loaded(NamedTuple):
    """What was loaded: so many tensors, into this part of the network.

    Attributes:
        tensors: their number.
        place: the part, by its name in the network.
        left: names of the weights that are not used, such as those of the last layer.
    """

    tensors: int
    place: str
    left: tuple[str, ...]


def load_backbone(network: nn.Module, state: State, what: str = "the weights") -> Loaded:
    """Give a network's backbone the weights of a classifier: all of them, or none.

    This is how the paper transfers a policy: a ResNet is trained on ImageNet under it, and then a
    detector with that ResNet on other data (Li et al. 2020).

    Args:
        network: one of torchvision's segmentation networks or detectors
            (`dada.models.create`), changed in place.
        state: the weights of a classifier with the same layers, such as `resnet50`, or those of
            another network that has it as its backbone. Its last layer is not used.
        what: the weights' name in messages.

    Raises:
        UserError: the network has no backbone, or the weights are not those of its backbone.
    """
    own = network.state_dict()
    place = next((p for p in _PLACES if any(key.startswith(p) for key in own)), None)
    if place is None:
        raise UserError(f"{what}: a {type(network).__name__} has no backbone to load them into")
    part = {k.removeprefix(place): v for k, v in own.items() if k.startswith(place)}
    source = max(_SOURCES, key=lambda prefix: len(_found(state, prefix, part)))
    found = _found(state, source, part)
    missing = next((k for k in part if k not in found and not k.endswith("_tracked")), None)
    # Of a deeper network there is everything, and more in the same stages.
    stages = {key.partition(".")[0] for key in found}
    more = (k.removeprefix(source) for k in state if k.startswith(source))
    deeper = next((k for k in more if k not in part and k.partition(".")[0] in stages), None)
    if missing is not None or deeper is not None:
        wrong = (
            f"{missing} is missing, or has another shape" if missing else f"{deeper} is one more"
        )
        raise UserError(
            f"{what}: not the weights of the backbone of this {type(network).__name__}: "
            f"{len(found)} of its {len(part)} tensors are there; {wrong}"
        )
    network.load_state_dict({**own, **{place + key: tensor for key, tensor in found.items()}})
    used = {source + key for key in found}
    left = tuple(k for k in state if k not in used and not k.endswith("_tracked"))
    return Loaded(len(found), place.removesuffix("."), left)


def _fitted(given: Tensor, own: Tensor) -> Tensor | None:
    """The tensor for the network's place; None if it does not fit.

    A first convolution for other than three channels gets the weights of the three: their sum for
    one channel, which is what a grey picture in three equal channels would see.
    """
    if given.shape == own.shape:
        return given
    channels = own.shape[1] if own.ndim == 4 else 0
    if channels and given.ndim == 4 and given.shape[1] == 3:
        as_one = given.sum(1, keepdim=True).expand(-1, channels, -1, -1) / channels
        return as_one if as_one.shape == own.shape else None
    return None


def named(state: State, own: State) -> dict[str, Tensor]:
    """Those tensors of the state that the network has, by name."""
    found = {key: _fitted(state[key], own[key]) for key in own if key in state}
    return {key: tensor for key, tensor in found.items() if tensor is not None}


def _found(state: State, prefix: str, part: State) -> dict[str, Tensor]:
    under = {k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)}
    return named(under, part)

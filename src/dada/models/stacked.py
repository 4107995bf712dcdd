"""Several networks of one architecture as one network, which computes all of them at once.

Of what has C channels in one of N networks the stack has N·C: those of network j are jC to
(j + 1)C − 1, from the images to the logits. Convolutions become grouped; pooling, normalisation and
activations see each channel, or group of channels, by itself anyway. Weights are joined along their
first dimension, and so are their gradients and momenta.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from dada.models.proxy import Proxy
from dada.models.segmenter import Segmenter
from dada.models.u_net import UNet

_TREES = (nn.Sequential, nn.ModuleList, Proxy, Segmenter, UNet)
_CHANNELWISE = (
    nn.Conv2d,
    nn.BatchNorm2d,
    nn.BatchNorm1d,
    nn.GroupNorm,
    nn.MaxPool2d,
    nn.AvgPool2d,
    nn.AdaptiveMaxPool2d,
    nn.AdaptiveAvgPool2d,
    nn.ReLU,
    nn.LeakyReLU,
    nn.GELU,
    nn.SiLU,
    nn.Identity,
)
# What says how many channels a layer has.
_COUNTS = ("in_channels", "out_channels", "groups", "num_features", "num_groups", "num_channels")


def stackable(network: nn.Module) -> bool:
    """Whether `stack` knows every layer of the network, and what it does with channels.

    It must be a `Proxy`, a `Segmenter`, or layers in a tree of `nn.Sequential`, without dropout:
    stacked networks would not drop the same outputs as single ones.

    Examples:
        >>> from dada.models import create
        >>> stackable(create("proxy-32", 10)), stackable(create("wrn-10-1", 10))
        (True, False)
    """
    flat = False
    for layer in network.modules():
        if type(layer) is nn.Flatten:
            flat = (layer.start_dim, layer.end_dim) == (1, -1)
            known = flat
        elif type(layer) is nn.Linear:
            known = flat  # else it acts on rows of pixels
        else:
            known = type(layer) in (*_TREES, *_CHANNELWISE)
        returns_pairs = getattr(layer, "return_indices", False)
        if not known or returns_pairs or layer._forward_hooks or layer._forward_pre_hooks:
            return False
    tied = len(list(network.named_parameters(remove_duplicate=False)))
    return tied == len(list(network.parameters()))


def stack(networks: Sequence[nn.Module]) -> nn.Module:
    """One network that computes what N do.

    Args:
        networks: of one architecture, on one device; they are copied. The same one may come
            several times.

    Returns:
        A network from (B, N·C, H, W) to (B, N·classes, …), whose `state_dict` is `joined` from
        theirs.

    Raises:
        ValueError: they differ in more than their weights, or are not `stackable`.

    Examples:
        >>> import torch
        >>> from dada.models import create
        >>> both = stack([create("proxy-4", 10), create("proxy-4", 10)])
        >>> both(torch.zeros(5, 2 * 3, 8, 8)).shape
        torch.Size([5, 20])
    """
    if len({repr(network) for network in networks}) != 1:
        raise ValueError("only networks of one architecture can be stacked")
    if not stackable(networks[0]):
        raise ValueError(f"a {type(networks[0]).__name__} with a layer that cannot be stacked")
    whole = _widened(copy.deepcopy(networks[0]), len(networks))
    whole.load_state_dict(joined([network.state_dict() for network in networks]))
    return whole


def joined(states: Sequence[Any]) -> Any:
    """The state of a stack from those of its networks, or of their optimisers.

    Args:
        states: tensors, or dictionaries of them, nested or not. What is no tensor, and single
            numbers such as a count of batches, must be the same in all.
    """
    first = states[0]
    if isinstance(first, dict):
        return {name: joined([state[name] for state in states]) for name in first}
    return torch.cat(list(states)) if _of_channels(first) else first


def apart(state: Any, count: int) -> list[Any]:
    """The states of the `count` networks in a stack: the inverse of `joined`.

    Examples:
        >>> import torch
        >>> apart(joined([{"bias": torch.tensor([1.0])}, {"bias": torch.tensor([2.0])}]), 2)
        [{'bias': tensor([1.])}, {'bias': tensor([2.])}]
    """
    if isinstance(state, dict):
        parts = {name: apart(value, count) for name, value in state.items()}
        return [{name: each[j] for name, each in parts.items()} for j in range(count)]
    # Cloned: a view would be saved with the memory of all.
    return [p.clone() for p in state.chunk(count)] if _of_channels(state) else [state] * count


def _of_channels(value: Any) -> bool:
    return isinstance(value, Tensor) and value.ndim > 0


def _widened(module: nn.Module, count: int) -> nn.Module:
    """The module with `count` times as many channels, changed in place; its values are repeated."""
    for name, child in list(module.named_children()):
        setattr(module, name, _widened(child, count))
    for name in _COUNTS:
        if hasattr(module, name):
            setattr(module, name, count * getattr(module, name))
    for name, weight in list(module.named_parameters(recurse=False)):
        many = nn.Parameter(torch.cat([weight.detach()] * count), weight.requires_grad)
        setattr(module, name, many)
    for name, buffer in list(module.named_buffers(recurse=False)):
        if _of_channels(buffer):
            setattr(module, name, torch.cat([buffer] * count))
    return _Linears(module, count) if isinstance(module, nn.Linear) else module


class _Linears(nn.Module):
    """Linear layers side by side, as one batched product."""

    def __init__(self, joined: nn.Linear, count: int) -> None:
        super().__init__()
        self.weight, self.bias, self.count = joined.weight, joined.bias, count

    def forward(self, x: Tensor) -> Tensor:
        """(B, N·inputs) to (B, N·outputs)."""
        x = x.unflatten(1, (self.count, -1)).transpose(0, 1)
        weights = self.weight.unflatten(0, (self.count, -1)).transpose(1, 2)
        if self.bias is None:
            y = torch.bmm(x, weights)
        else:
            y = torch.baddbmm(self.bias.view(self.count, 1, -1), x, weights)
        return y.transpose(0, 1).flatten(1)

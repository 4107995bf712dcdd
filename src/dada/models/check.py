"""Check that a network fits its data, before any training."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from dada.compute.randomness import forked
from dada.errors import UserError, users_own

_IMAGES = 2


def model_name(model: str | nn.Module | None) -> str | None:
    """The name of a network that is given by name or as a module; None if none is given.

    Raises:
        UserError: it is neither.
    """
    if model is None or isinstance(model, str):
        return model
    if isinstance(model, nn.Module):
        return type(model).__name__
    if isinstance(model, type):
        raise UserError(f"model is the class {model.__name__}: give a network, {model.__name__}()")
    raise UserError(
        f"model is a {type(model).__name__}: must be a name such as wrn-16-2, or a torch.nn.Module"
    )


def check_network(
    network: nn.Module,
    name: str,
    expected: tuple[int, ...] | type,
    why: str,
    shape: tuple[int, int, int],
    users: bool,
) -> None:
    """Show a network two images, in evaluation mode, leaving all generators as they are.

    Args:
        network: the network.
        name: what messages call it.
        expected: the shape of what it must give per image, or the type of what it must give for
            a batch.
        why: after "must give": of a shape why, of a type what it is.
        shape: channels, height and width of the images.
        users: whether it is a module of the user's, whose exceptions are passed on.

    Raises:
        UserError: it does not take such images, gives something else, or has nothing to train.
    """
    first = next(network.parameters(), torch.empty(0))
    images, before = torch.zeros(_IMAGES, *shape, device=first.device), network.training
    network.eval()
    try:
        with forked(first.device), torch.no_grad(), users_own(f"the network {name}"):
            outputs = network(images)
    except Exception as error:
        if users:
            raise
        reason = " ".join(str(error).split())
        raise UserError(
            f"network {name} does not take images of {_size(shape)}: {reason}"
        ) from error
    finally:
        network.train(before)
    if isinstance(expected, type):
        fits, must = isinstance(outputs, expected), why
    else:
        whole = (_IMAGES, *expected)
        fits = isinstance(outputs, Tensor) and tuple(outputs.shape) == whole
        must = f"{whole}, {why}"
    if not fits:
        kind = f"a {type(outputs).__name__}"
        got = tuple(outputs.shape) if isinstance(outputs, Tensor) else kind
        raise UserError(f"network {name} gives {got} for {_IMAGES} images: must give {must}")
    if not any(parameter.requires_grad for parameter in network.parameters()):
        raise UserError(f"network {name} has nothing to train: no parameter of it needs a gradient")


def _size(shape: tuple[int, int, int]) -> str:
    channels, height, width = shape
    return f"{width} × {height} pixels and {channels} channel{'s' if channels > 1 else ''}"

"""The name of a network that a user gives, which may be anything."""

from __future__ import annotations

from torch import nn

from dada.errors import UserError


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

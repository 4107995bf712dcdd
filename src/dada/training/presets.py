"""Settings from a preset's name and single changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import ValidationError

from dada.errors import UserError, first_line, meant
from dada.names import PRETRAINED
from dada.training.network import NetworkSettings

AnySettings = TypeVar("AnySettings", bound=NetworkSettings)

FINETUNE: dict[str, Any] = {
    "weights": PRETRAINED,
    "optimiser": "adamw",
    "lr": 3e-4,
    "weight_decay": 0.05,
    "batch": 32,
    "epochs": 12,
    "frozen_statistics": True,
}
"""How a network that starts from pre-trained weights is trained on some hundred images."""


def preset_for(preset: str, overrides: Mapping[str, Any]) -> str:
    """The preset finetune, where a network starts from weights and no other preset is asked for.

    Examples:
        >>> preset_for("default", {"weights": "pretrained"}), preset_for("demo", {"weights": None})
        ('finetune', 'demo')
    """
    return "finetune" if preset == "default" and overrides.get("weights") else preset


def from_preset(
    kind: type[AnySettings],
    presets: Mapping[str, Mapping[str, Any]],
    preset: str,
    overrides: Mapping[str, Any],
) -> AnySettings:
    """A preset's settings with single ones replaced; None keeps the preset's.

    Raises:
        UserError: no such preset or setting, or a value out of range.
    """
    check_preset(preset, presets)
    for name in overrides:
        if name not in kind.model_fields:
            raise UserError(f"no setting {name!r}{meant(name, kind.model_fields)}")
    chosen = {name: value for name, value in overrides.items() if value is not None}
    check_model(chosen)
    try:
        return kind(**{"preset": preset, **presets[preset], **chosen})
    except ValidationError as error:
        raise UserError(f"setting {first_line(error)}") from None


def check_preset(preset: Any, presets: Mapping[str, Any]) -> None:
    """Refuse what is no preset's name.

    Raises:
        UserError: the message names those that there are.
    """
    if not isinstance(preset, str) or preset not in presets:
        raise UserError(f"no preset {preset!r}; there are {', '.join(presets)}")


def check_model(settings: Mapping[str, Any]) -> None:
    """Refuse a module where settings hold a network's name.

    Raises:
        UserError: `model` is there and no text.
    """
    if not isinstance(settings.get("model", ""), str):
        raise UserError(
            "model: must be a name here, such as wrn-16-2; search and train take modules"
        )

"""The options that search, compare and train share."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dada.cli import options as o
from dada.errors import UserError, meant
from dada.names import LOGGERS, NETWORK_PATTERNS, PAPER_NETWORKS, PRETRAINED

if TYPE_CHECKING:
    from dada.loggers import Logger

_OPTIONS = ("preset", "seed", "seeds", "side", "device", "method")  # not by --set


@dataclass(frozen=True)
class Common:
    """What the user asked for; None leaves the choice to a preset, to the run or to the data."""

    model: Annotated[
        str | None,
        typer.Option(
            help=f"Network: {', '.join(NETWORK_PATTERNS)}, or the name of one of torchvision's or "
            "timm's. [by image size]",
            autocompletion=o.starting(PAPER_NETWORKS),
        ),
    ] = None
    pretrained: Annotated[
        bool,
        typer.Option(
            "--pretrained",
            help="Start from the weights that torchvision or timm offers for the network, by the "
            "preset finetune.",
        ),
    ] = False
    weights: Annotated[
        Path | None,
        typer.Option(help="Start from the weights in this file, by the preset finetune."),
    ] = None
    epochs: Annotated[int | None, typer.Option(help="Passes over the training images.")] = None
    batch: Annotated[int | None, typer.Option(help="Batch size.")] = None
    lr: Annotated[float | None, typer.Option(help="Learning rate of the network.")] = None
    images: Annotated[int | None, typer.Option(help="Number of training images to use.")] = None
    cutout: Annotated[
        int | None,
        typer.Option(
            help="Blank a random square of this side, in pixels, in every training image. "
            "[0, or the recipe's]"
        ),
    ] = None
    side: o.Side = None
    root: o.Root = None
    device: o.Device = "auto"
    precision: Annotated[str | None, typer.Option(help="Precision: auto, float32 or bfloat16.")] = (
        None
    )
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help="Any other setting, such as weight_decay=0.001; may be repeated.",
        ),
    ] = None
    log: Annotated[
        list[str] | None,
        typer.Option(
            help=f"Also log to {', '.join(LOGGERS)}; may be repeated.",
            autocompletion=o.starting(LOGGERS),
        ),
    ] = None
    resume: Annotated[bool, typer.Option("--resume", help="Resume the run in its folder.")] = False
    json_: o.Json = None

    def loggers(self, out: Path) -> list[Logger]:
        """The loggers that were named, and TensorBoard's that a resumed run had.

        Args:
            out: the run folder.

        Raises:
            UserError: as `dada.loggers.named`.
        """
        from dada.loggers.named import FOLDER, named

        before = ["tensorboard"] if self.resume and (out / FOLDER).is_dir() else []
        return named([*(self.log or []), *before], out)

    def settings(self, known: Iterable[str], backbone: Path | None = None) -> dict[str, Any]:
        """The settings that were given.

        Args:
            known: the names that ``--set`` may have.
            backbone: of the verbs that have this option.

        Raises:
            UserError: as `extra_settings`.
        """
        names = ("model", "epochs", "batch", "lr", "images", "cutout", "precision")
        given = {name: value for name in names if (value := getattr(self, name)) is not None}
        if self.weights is not None:
            given["weights"] = str(self.weights)
        elif self.pretrained:
            given["weights"] = PRETRAINED
        if backbone is not None:
            given["backbone"] = str(backbone)
        return given | extra_settings(self.set_, known)


def extra_settings(pairs: list[str] | None, known: Iterable[str]) -> dict[str, Any]:
    """``["policy_lr=0.01"]`` as settings; values are JSON where they parse as JSON.

    Args:
        known: the names of all settings.

    Raises:
        UserError: there is no such setting, or no value.
    """
    settings: dict[str, Any] = {}
    for pair in pairs or []:
        name, equals, text = pair.partition("=")
        if not equals:
            raise UserError(f"--set {pair}: write it as NAME=VALUE")
        if name in _OPTIONS:
            raise UserError(f"--set {name}: give it as --{name}")
        if name not in known:
            names = ", ".join(n for n in known if n not in _OPTIONS)
            raise UserError(f"--set {name}: no such setting{meant(name, known)}; there are {names}")
        try:
            settings[name] = json.loads(text)
        except (ValueError, RecursionError):
            settings[name] = text
    return settings

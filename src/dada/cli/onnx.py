"""dada onnx"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dada.cli.checks import check_replaceable
from dada.cli.terminal import terminal
from dada.errors import UserError


def onnx(
    run: Annotated[Path, typer.Argument(help="A run folder of `dada train`.")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="File to write. [RUN/model.onnx]")
    ] = None,
    weights: Annotated[
        str, typer.Option(help="last, or best: those of the best epoch on the test images.")
    ] = "last",
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it exists.")] = False,
) -> None:
    """Write a trained network as an ONNX file.

    Example: dada onnx runs/train/photos -o model.onnx

    It takes pictures as uint8 (batch, channels, height, width), normalises them itself, and gives
    one logit per class; its metadata name the classes. PyTorch needs no export: RUN/last.pt loads
    as it is.
    """
    from dada.training.onnx import export_onnx, shape_of_logits
    from dada.training.trained import Trained

    trained = Trained.open(run)
    path = out or run / "model.onnx"
    if path.is_dir():
        raise UserError(f"cannot write {path}: Is a directory")
    check_replaceable(path, force)
    export_onnx(run, path, weights=weights)
    height, width = trained.side
    logits = ", ".join(map(str, shape_of_logits(trained)))
    terminal.say(
        f"input   images, uint8 (batch, {trained.channels}, {height}, {width}), 0 to 255\n"
        f"output  logits, float32 (batch, {logits})\n"
        f"model   {path}"
    )

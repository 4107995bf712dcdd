"""The network of a training as an ONNX file, which other runtimes load."""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from dada import __version__
from dada.errors import UserError
from dada.extras import library
from dada.files import replace_file
from dada.names import WEIGHTS
from dada.training.trained import Trained

_OPSET = 18  # the oldest that PyTorch writes
_LARGEST = 2**31 - 1  # bytes of one ONNX file


class FromBytes(nn.Module):
    """A network that takes pictures as they are decoded, and normalises them itself.

    Args:
        network: from normalised images to logits.
        mean, std: per channel, of images scaled to [0, 1].
    """

    mean: Tensor
    std: Tensor

    def __init__(self, network: nn.Module, mean: Sequence[float], std: Sequence[float]) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("mean", torch.tensor(mean)[:, None, None])
        self.register_buffer("std", torch.tensor(std)[:, None, None])

    def forward(self, images: Tensor) -> Tensor:
        """uint8 (B, C, H, W) to logits, (B, classes)."""
        return self.network((images.float() / 255 - self.mean) / self.std)


def shape_of_logits(trained: Trained) -> tuple[int, ...]:
    """The shape of the output, after the batch.

    Raises:
        UserError: the network's answers are no logits.
    """
    if trained.task is None:  # of an old run, which is a classifier's
        return (len(trained.classes),)
    shape, _ = trained.task.expected(len(trained.classes), trained.side)
    if isinstance(shape, type):
        raise UserError(
            f"{trained.folder.path}: a network for {trained.task.name} gives no plain logits, and "
            f"is not written as ONNX: load {WEIGHTS['last']} in PyTorch"
        )
    return shape


def export_onnx(
    run: str | Path, path: str | Path, *, weights: str = "last", model: nn.Module | None = None
) -> Path:
    """Write the network of a training's run folder as an ONNX file.

    Its input `images` is uint8 (B, C, H, W), 0 to 255, in the size that the network was trained on;
    the graph normalises it. Its output `logits` is float32 (B, classes), or (B, classes, H, W)
    where each pixel has a class. Any number of images can be given at once. The file's metadata
    name the `classes`, as a JSON list in the order of the logits; the `network`, the `task`, and
    the version of `dada`.

    Args:
        run: the folder.
        path: the file to write; what is there is replaced.
        weights: "last" or "best".
        model: the network, if a module was trained and not a network by name.

    Returns:
        The path.

    Raises:
        UserError: there is no training in the folder, the network is a detector, onnxscript is not
            installed, or PyTorch cannot export the network.
    """
    trained = Trained.open(run)
    shape_of_logits(trained)
    network = trained.network(weights, model)
    library("onnxscript", "an ONNX file")
    whole = FromBytes(network, trained.settings.mean, trained.settings.std).eval()
    example = torch.zeros(2, trained.channels, *trained.side, dtype=torch.uint8)
    with warnings.catch_warnings(action="ignore"):
        logging.getLogger("torch.onnx").setLevel(logging.ERROR)
        try:
            program = torch.onnx.export(
                whole,
                (example,),
                dynamo=True,
                dynamic_shapes=({0: torch.export.Dim("batch")},),
                input_names=["images"],
                output_names=["logits"],
                opset_version=_OPSET,
                verbose=False,
            )
        except Exception as error:  # exporters fail in many ways
            reason = " ".join(str(error).split())
            raise UserError(
                f"PyTorch cannot export {trained.settings.model} to ONNX ({reason:.160})"
            ) from error
    assert program is not None
    program.model.metadata_props.update(
        classes=json.dumps(trained.classes, ensure_ascii=False),
        network=trained.settings.model,
        task=trained.task.name if trained.task else "",
        dada=__version__,
    )
    written = program.model_proto.SerializeToString()
    if len(written) > _LARGEST:
        raise UserError(
            f"{trained.settings.model} takes {len(written):,} bytes: too large for ONNX"
        )
    return replace_file(Path(path), written)

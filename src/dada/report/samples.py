"""A few training images, kept in the run's folder for its page."""

from __future__ import annotations

import io

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from dada.datasets import ImageSet
from dada.errors import UserError
from dada.files import replace_file
from dada.runs import RunFolder

SAMPLES, LABELS = "samples.png", "samples.pt"


def save_samples(run: RunFolder, images: ImageSet) -> None:
    """Write images as one row of pictures, and their labels if these can be drawn.

    RGB is written in colour; the channels of any other images are grey rows, the first on top.
    """
    if images.task.moves:
        run.save_tensors(LABELS, {"labels": images.labels.cpu()})
    _write(run, images.images)


def _write(run: RunFolder, images: Tensor) -> None:
    row = torch.cat(list(images.cpu()), dim=2)
    pixels = row.permute(1, 2, 0) if len(row) == 3 else row.flatten(0, 1)
    memory = io.BytesIO()
    Image.fromarray(pixels.contiguous().numpy()).save(memory, "PNG")
    replace_file(run.path / SAMPLES, memory.getbuffer())


def load_samples(run: RunFolder) -> Tensor | None:
    """The images that `save_samples` wrote; None if their file is missing or damaged."""
    channels, (height, width) = run.config["data"]["channels"], run.config["data"]["side"]
    try:
        with Image.open(run.path / SAMPLES) as file:
            pixels = torch.from_numpy(np.array(file.convert("RGB" if channels == 3 else "L")))
    except (OSError, ValueError, Image.DecompressionBombError):
        return None
    rows = 1 if channels == 3 else channels
    if not width or len(pixels) != rows * height or pixels.shape[1] % width:
        return None
    row = pixels.permute(2, 0, 1) if channels == 3 else pixels.view(channels, height, -1)
    return torch.stack(row.split(width, dim=2))


def load_labels(run: RunFolder) -> Tensor | None:
    """The labels of the images, where they move with the pixels; None if there are none to draw, or
    their file is missing or damaged."""
    try:
        found = run.load_tensors(LABELS)["labels"]
    except (UserError, KeyError):
        return None
    return found if isinstance(found, Tensor) else None

"""Which test images a network gets wrong: found, and kept as a short text in a run's events."""

from __future__ import annotations

from base64 import b64decode, b64encode

import numpy as np
import torch
from torch import Tensor

from dada.augment import Pipeline
from dada.augment.loader import Loader
from dada.errors import DivergedError
from dada.models.child import Child
from dada.tasks import task_of


def wrong_answers(child: Child, images: Loader, pipeline: Pipeline) -> Tensor:
    """Whether each image's class, or each of its labels, is wrong.

    Args:
        images: the test images.

    Returns:
        bool (N,) for classes, (N, labels) where images have several labels; on the CPU.

    Raises:
        DivergedError: the network's outputs are not finite numbers.
    """
    found = []
    for seen, labels in images.plain():
        logits = child.logits(pipeline.normalise(seen))
        if not logits.isfinite().all():
            raise DivergedError("the loss on the test images is not a finite number")
        found.append(task_of(labels).wrong(logits, labels).cpu())
    return torch.cat(found)


def pack(wrong: Tensor) -> str:
    """The number of wrong answers per image as a text: a bit per image, or a byte (two for more
    than 255 labels) where images have several labels."""
    table = wrong.reshape(len(wrong), -1)
    labels = table.shape[1]
    packed = (
        np.packbits(wrong.numpy()) if labels == 1 else table.sum(1).numpy().astype(_kind(labels))
    )
    return b64encode(packed.tobytes()).decode()


def unpack(text: str, images: int, labels: int = 1) -> np.ndarray:
    """float64 (images,): the share of wrong answers per image, from what `pack` gave.

    Args:
        labels: per image; 1 for classes.

    Raises:
        ValueError: the text is not of so many images.
    """
    packed = b64decode(text, validate=True)
    if labels == 1 and len(packed) == -(-images // 8):
        return np.unpackbits(np.frombuffer(packed, np.uint8), count=images).astype(float)
    counts = np.frombuffer(packed, _kind(labels))
    if labels == 1 or len(counts) != images or counts.max(initial=0) > labels:
        raise ValueError(f"not the answers for {images} images")
    return counts / labels


def _kind(labels: int) -> str:
    return "<u1" if labels <= 255 else "<u2"

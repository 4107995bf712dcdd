"""What a network answers on the test images, and which it gets wrong as a short text in events."""

from __future__ import annotations

from base64 import b64decode, b64encode
from typing import Any

import numpy as np
from torch import Tensor

from dada.augment import Pipeline
from dada.augment.loader import Loader
from dada.models.child import Child
from dada.tasks import task_of


def answers(child: Child, images: Loader, pipeline: Pipeline) -> list[Any]:
    """What the task keeps of each batch of a test (`dada.tasks.Task.kept`).

    Args:
        images: the test images.

    Raises:
        DivergedError: the network's outputs are not finite numbers.
    """
    task = task_of(images.labels)
    return [
        task.kept(child.logits(pipeline.normalise(seen)), labels) for seen, labels in images.plain()
    ]


def pack(wrong: Tensor) -> str:
    """The number of wrong answers per image, in base64: one bit per image for a single answer, else
    one byte, or two for more than 255 answers."""
    table = wrong.reshape(len(wrong), -1)
    answers = table.shape[1]
    packed = (
        np.packbits(wrong.numpy()) if answers == 1 else table.sum(1).numpy().astype(_kind(answers))
    )
    return b64encode(packed.tobytes()).decode()


def unpack(text: str, images: int, answers: int = 1) -> np.ndarray:
    """float64 (images,): the share of wrong answers per image, in [0, 1].

    Args:
        text: what `pack` returned.
        images: number of images.
        answers: number per image.

    Raises:
        ValueError: the text is not for this many images.
    """
    packed = b64decode(text, validate=True)
    if answers == 1 and len(packed) == -(-images // 8):
        return np.unpackbits(np.frombuffer(packed, np.uint8), count=images).astype(float)
    counts = np.frombuffer(packed, _kind(answers))
    if answers == 1 or len(counts) != images or counts.max(initial=0) > answers:
        raise ValueError(f"not the answers for {images} images")
    return counts / answers


def _kind(answers: int) -> str:
    return "<u1" if answers <= 255 else "<u2"

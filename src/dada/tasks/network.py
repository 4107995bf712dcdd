"""Check that a network fits a task and its images, before any training."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import torch
from torch import Tensor, nn

from dada.compute.randomness import forked
from dada.errors import UserError, users_own
from dada.models.child import Loss, Outputs, per_image
from dada.models.detected import Detected
from dada.tasks.task import Task

_IMAGES = 2


def check_network(
    network: nn.Module,
    name: str,
    task: Task,
    classes: int,
    shape: tuple[int, int, int],
    users: bool,
    loss: Loss | None = None,
    tested: bool = True,
) -> None:
    """Show a network two images, and ask of its answers all that the task will ask of them.

    In evaluation mode, and in training mode, in which some networks answer otherwise. Buffers and
    generators stay as they are.

    Args:
        network: the network.
        name: what messages call it.
        task: what it is for.
        classes: number of classes.
        shape: channels, height and width of the images.
        users: whether it is a module of the user's, whose exceptions are passed on.
        loss: the user's; None is the task's.
        tested: whether it will be measured on test images, which may need further libraries.

    Raises:
        UserError: it does not take such images, gives something else than the task takes, learns
            from other labels, or has nothing to train; the loss is not of each image; or a library
            is missing.
    """
    size = (shape[1], shape[2])
    first = next(network.parameters(), torch.empty(0))
    images = torch.zeros(_IMAGES, *shape, device=first.device)
    labels = task.example(_IMAGES, classes, size).to(first.device)
    usual, shown = task.loss(labels), list[Outputs]()
    before = network.training
    mine = users_own(f"the network {name}") if users else nullcontext()

    def answers() -> Outputs:
        outputs = network(images)
        if why := _misfit(outputs, task, classes, size, users):
            raise UserError(f"network {name} gives {why}")
        shown.append(outputs.float())
        if loss is None:
            per_image(usual, shown[-1], labels)
        return shown[-1]

    try:
        with forked(first.device), torch.no_grad(), mine:
            network.eval()
            outputs = answers()
            task.accuracy(outputs, labels)
            if tested:
                task.measures([task.tally(outputs, labels)])
            network.train()
            with _same_buffers(network):
                answers()
    except UserError:
        raise
    except Exception as error:
        if users:
            raise
        reason = " ".join(str(error).split())
        raise UserError(
            f"network {name} does not take images of {_in_words(shape)}: {reason}"
        ) from error
    finally:
        network.train(before)
    if loss is not None:  # whose exceptions are the user's, too
        with forked(first.device), torch.no_grad():
            for outputs in shown:
                per_image(loss, outputs, labels)
    if not any(parameter.requires_grad for parameter in network.parameters()):
        raise UserError(f"network {name} has nothing to train: no parameter of it needs a gradient")


def _misfit(
    outputs: object, task: Task, classes: int, size: tuple[int, int], users: bool
) -> str | None:
    """What is wrong with the answers for two images, after "gives"; None if nothing is."""
    expected, why = task.expected(classes, size)
    if isinstance(expected, type):
        fits, must = isinstance(outputs, expected), why
    else:
        whole = (_IMAGES, *expected)
        fits = isinstance(outputs, Tensor) and tuple(outputs.shape) == whole
        must = f"{whole}, {why}"
    if fits:
        return None
    instead = "" if users else f": take one such as {task.proxy} or {task.pretrained}"
    return f"{_described(outputs)} for {_IMAGES} images: must give {must}{instead}"


def _described(outputs: object) -> str:
    if isinstance(outputs, Detected):
        return "boxes"
    if isinstance(outputs, Tensor):
        return str(tuple(outputs.shape))
    kind = type(outputs).__name__
    return f"{'an' if kind[0] in 'AEIOU' else 'a'} {kind}"


@contextmanager
def _same_buffers(network: nn.Module) -> Iterator[None]:
    """Put the buffers back afterwards as they were."""
    kept = {name: buffer.clone() for name, buffer in network.named_buffers()}
    try:
        yield
    finally:
        for name, buffer in kept.items():
            network.get_buffer(name).copy_(buffer)


def _in_words(shape: tuple[int, int, int]) -> str:
    channels, height, width = shape
    return f"{width} × {height} pixels and {channels} channel{'s' if channels > 1 else ''}"

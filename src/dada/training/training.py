"""A training in progress: built from data and settings, advanced one epoch at a time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from dada.augment import Motion, Pipeline
from dada.augment.loader import Augment, Loader
from dada.compute.device import best_precision
from dada.compute.distributed import ALONE, Processes
from dada.compute.randomness import random_state, restore_random_state, stream
from dada.compute.threads import threads_for
from dada.datasets import even_batches
from dada.errors import DivergedError
from dada.models.child import Child, Loss, Tensors
from dada.tasks import task_of
from dada.training.augmentations import PerEpoch, of_epoch
from dada.training.optimiser import adamw, set_rate, sgd
from dada.training.schedule import learning_rate
from dada.training.settings import ResolvedTraining

_OPTIMISERS: dict[str, Callable[[Child, ResolvedTraining], torch.optim.Optimizer]] = {
    "sgd": lambda child, settings: sgd(child, settings, nesterov=settings.nesterov),
    "adamw": adamw,
}


class Training:
    """The state of a training by SGD, and how it advances.

    The order of the images does not depend on the augmentation, so trainings with the same seed
    under different policies are paired.

    Args:
        settings: resolved (`for_dataset`).
        model: trained in place. Its random layers draw from PyTorch's global generators.
        images: the training set.
        pipeline: what surrounds the augmentation.
        augment: uint8 batch and CPU generator to uint8 batch, or the one of each epoch.
        seed: for the order of the images and everything random in the pipeline.
        device: where the network is trained.
        processes: those that share the work; each takes its part of every batch.
        loss: (outputs, labels) to one loss per image; None is the task's (`dada.tasks.Task.loss`).
        together: batches that are augmented at once: few large kernels where images are small. It
            determines which random numbers each image gets.
    """

    def __init__(
        self,
        settings: ResolvedTraining,
        model: nn.Module,
        images: Loader,
        pipeline: Pipeline,
        augment: Augment | PerEpoch,
        seed: int,
        device: torch.device,
        processes: Processes = ALONE,
        loss: Loss | None = None,
        together: int = 1,
    ) -> None:
        self.settings, self.pipeline, self.augment = settings, pipeline, augment
        self.together = together
        self.images, self.processes = images, processes
        self.epoch = 0
        self.task = task_of(images.labels)
        if loss is None:
            loss = self.task.loss(images.labels, settings.balance, settings.label_smoothing)
        precision = best_precision(device, settings.precision)
        self.child = self._child(model, device, precision, loss)
        self.optimiser = _OPTIMISERS[settings.optimiser](self.child, settings)
        self.average = (
            AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(settings.ema), use_buffers=True)
            if settings.ema
            else None
        )
        self.order = torch.Generator().manual_seed(seed)
        # Each process draws for its own images from an odd stream (layers draw from even ones); the
        # first draws what a single process would.
        self.randomness = torch.Generator().manual_seed(stream(seed, 1 + 2 * processes.rank))

    @property
    def steps_per_epoch(self) -> int:
        """Number of batches in the training set."""
        return len(even_batches(torch.arange(len(self.images)), self.settings.batch))

    @property
    def tested(self) -> Child:
        """The network to test: with averaged weights, if there is an average."""
        if self.average is None:
            return self.child
        child = self.child
        return self._child(self.average.module, child.device, child.precision, child.loss)

    def _child(
        self, model: nn.Module, device: torch.device, precision: torch.dtype, loss: Loss
    ) -> Child:
        return Child(model, device, precision, loss)

    def run_epoch(self, on_step: Callable[[], None] | None = None) -> dict[str, Any]:
        """Advance by one epoch.

        Args:
            on_step: called after each step.

        Returns:
            What happened, as plain data: epoch, mean loss, learning rate at the end, seconds.

        Raises:
            DivergedError: the loss or a weight is no longer a finite number.
        """
        started = time.perf_counter()
        order = torch.randperm(len(self.images), generator=self.order)
        batches = even_batches(order, self.settings.batch)
        mine = [self.processes.shard(rows) for rows in batches]
        losses = []
        with threads_for(self.child.model, self.child.device):
            for number, (seen, labels) in enumerate(self._augmented(mine)):
                done = self.epoch + number / len(batches)
                set_rate(self.optimiser, learning_rate(done, self.settings))
                losses.append(self._step(seen, labels, len(seen) / len(batches[number])))
                if on_step:
                    on_step()
        self.epoch += 1
        loss = torch.stack(losses).mean(0)
        self._share_statistics()
        largest = torch.stack([p.detach().abs().max() for p in self.child.parameters.values()])
        if not (loss.isfinite().all() and largest.isfinite().all()):
            raise DivergedError(f"the loss is not a finite number in epoch {self.epoch}")
        return {
            "event": "epoch",
            "epoch": self.epoch,
            "train_loss": loss.tolist(),
            "lr": float(f"{self.optimiser.param_groups[0]['lr']:.9g}"),
            "seconds": round(time.perf_counter() - started, 3),
        }

    def _augmented(self, batches: Sequence[Tensor]) -> Iterator[tuple[Tensor, Tensor]]:
        """Batches as the network sees them, with their labels."""
        groups = [
            batches[start : start + self.together]
            for start in range(0, len(batches), self.together)
        ]
        rows = [torch.cat(list(group)) for group in groups]
        augment = of_epoch(self.augment, self.epoch, self.settings.epochs)
        loaded = self.images.batches(rows, self.epoch, self.randomness)
        for group, (images, labels) in zip(groups, loaded, strict=True):
            seen, moved = self._seen(images, labels, augment)
            sizes = [len(rows) for rows in group]
            yield from zip(seen.split(sizes), moved.split(sizes), strict=True)

    def _seen(self, images: Tensor, labels: Tensor, augment: Augment) -> tuple[Tensor, Tensor]:
        """Loaded images as the network sees them, and their labels."""
        if not self.task.moves:
            augmented = augment(images, self.randomness)
        else:
            motion, (height, width) = Motion(len(images)), images.shape[2:]
            augmented = augment(images, self.randomness, motion)
            labels = self.task.moved(labels, motion.maps, (height, width))
        return self.pipeline.finish(augmented, self.randomness), labels

    def _step(self, seen: Tensor, labels: Tensor, share: float) -> Tensor:
        """Update the weights once, from this process's part of a batch; the batch's loss.

        Args:
            share: this process's part of the batch, in (0, 1].
        """
        loss, gradient = self._gradient(seen, labels)
        self.processes.average([loss, *gradient.values()], share)
        self.child.descend(self.optimiser, gradient, self.settings.clip)
        if self.average is not None:
            self.average.update_parameters(self.child.model)
        return loss

    def _gradient(self, seen: Tensor, labels: Tensor) -> tuple[Tensor, Tensors]:
        """The mean loss and its gradient, accumulated over parts of the batch if so set."""
        parts = seen.tensor_split(min(self.settings.accumulate, len(seen)))
        if len(parts) == 1:
            return self.child.gradient(seen, labels)[:2]
        loss = torch.zeros((), device=seen.device)
        gradient = {name: torch.zeros_like(p) for name, p in self.child.parameters.items()}
        for images, of_images in zip(parts, labels.tensor_split(len(parts)), strict=True):
            share = len(images) / len(seen)
            part = self.child.gradient(images, of_images)
            loss = loss + share * part.loss
            gradient = {n: total + share * part.weights[n] for n, total in gradient.items()}
        return loss, gradient

    def _share_statistics(self) -> None:
        """Average the buffers, such as batch normalisation's statistics, over the processes."""
        buffers = [b for b in self.child.model.buffers() if b.is_floating_point()]
        if buffers:
            self.processes.average(buffers, 1 / self.processes.size)

    def state_dict(self) -> dict[str, Any]:
        """Everything that the next epoch depends on."""
        return {
            "epoch": self.epoch,
            "model": self.child.model.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "average": None if self.average is None else self.average.state_dict(),
            "order": self.order.get_state(),
            "random": self.processes.all_gather(random_state(self.randomness, self.child.device)),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from a `state_dict`."""
        self.epoch = state["epoch"]
        self.child.model.load_state_dict(state["model"])
        self.optimiser.load_state_dict(state["optimiser"])
        if self.average is not None:
            self.average.load_state_dict(state["average"])
        self.order.set_state(state["order"])
        mine = state["random"][self.processes.rank]
        restore_random_state(mine, self.randomness, self.child.device)

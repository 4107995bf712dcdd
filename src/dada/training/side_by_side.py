"""Trainings that differ only in their augmentation and first weights, as one training."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from dada.augment import Pipeline
from dada.augment.loader import Augment, Loader
from dada.compute.threads import is_small, threads_for
from dada.models.child import Child, Loss
from dada.models.stacked import apart, joined, stack, stackable
from dada.models.stacked_child import StackedChild
from dada.training.augmentations import PerEpoch
from dada.training.settings import ResolvedTraining
from dada.training.training import Training

_OF_EACH = ("model", "optimiser", "average")
_ON_A_CPU, _ON_A_GPU = 4, 16  # trainings side by side


class SideBySide(Training):
    """N trainings as one, of one network with N times the channels.

    Training j is what `Training` makes of model j, augmentation j and the same seed, up to
    rounding: images come in the same order, under the same crops, flips, jitter and Cutout. The
    "train_loss" of `run_epoch` is a list of N. Labels must not move with the pixels, as all N share
    them.

    Args:
        settings, seed, device, loss, together: as in `Training`. `together` batches are augmented
            N times at once.
        models: N networks, `dada.models.stacked.stackable`; they are copied. The same one may come
            several times.
        images, pipeline, augment: as in `Training`, but between them `images` and `augment` make N
            views of every batch: a loader of plain images and `dada.training.views.each` of N
            augmentations, or `JoinedBanks` and an augmentation that does nothing.
    """

    def __init__(
        self,
        settings: ResolvedTraining,
        models: Sequence[nn.Module],
        images: Loader,
        pipeline: Pipeline,
        augment: Augment | PerEpoch,
        seed: int,
        device: torch.device,
        loss: Loss | None = None,
        together: int = 1,
    ) -> None:
        self.count, self._one = len(models), models[0]
        super().__init__(
            settings=settings,
            model=stack(models),
            images=images,
            pipeline=pipeline,
            augment=augment,
            seed=seed,
            device=device,
            loss=loss,
            together=together,
        )
        if self.task.moves:
            raise ValueError(f"{self.task.name}: labels that move are not the same side by side")

    @property
    def each_tested(self) -> list[Child]:
        """The networks to test: N times what `Training.tested` is of a single training."""
        child, found = self.tested, []
        for state in apart(child.model.state_dict(), self.count):
            network = copy.deepcopy(self._one)
            network.load_state_dict(state)
            found.append(Child(network, child.device, child.precision, child.loss))
        return found

    def run_epoch(self, on_step: Callable[[], None] | None = None) -> dict[str, Any]:
        """As `Training.run_epoch`, on one thread where a single network would have one."""
        with threads_for(self._one, self.child.device):
            return super().run_epoch(on_step)

    def state_dicts(self) -> list[dict[str, Any]]:
        """The state of each training, as `Training.state_dict`."""
        whole = self.state_dict()
        parts = apart({name: whole[name] for name in _OF_EACH}, self.count)
        return [whole | part for part in parts]

    def load_state_dicts(self, states: Sequence[dict[str, Any]]) -> None:
        """Continue N trainings, or one training N times: `[state] * N`.

        Args:
            states: of trainings with one seed, after the same number of epochs.

        Raises:
            ValueError: there are not N, or they stand at different epochs or orders of the images.
        """
        first = states[0]
        if len(states) != self.count:
            raise ValueError(f"{len(states)} states for {self.count} trainings")
        for state in states:
            if state["epoch"] != first["epoch"] or not torch.equal(state["order"], first["order"]):
                raise ValueError("trainings side by side must have one seed and stand at one epoch")
        own = joined([{name: state[name] for name in _OF_EACH} for state in states])
        self.load_state_dict(first | own)

    def _child(
        self, model: nn.Module, device: torch.device, precision: torch.dtype, loss: Loss
    ) -> Child:
        return StackedChild(model, device, precision, loss, self.count)

    def _seen(self, images: Tensor, labels: Tensor, augment: Augment) -> tuple[Tensor, Tensor]:
        """Loaded images to (B, N·C, H, W), with the channels last in memory; their labels, which
        are the same in all views."""
        augmented = augment(images, self.randomness)
        seen = self.pipeline.finish(augmented, self.randomness, views=self.count)
        views = seen.unflatten(0, (self.count, -1))
        return views.permute(1, 3, 4, 0, 2).flatten(3).permute(0, 3, 1, 2), labels


def stack_size(network: nn.Module, device: torch.device) -> int:
    """How many trainings of the network should go side by side; 1 if it is large, or unknown layers
    keep it from being stacked.

    On a GPU a small network leaves most of the processor idle, and a stack starts as many kernels
    as one network. On a CPU 4 proxies side by side, in batches of 16, take 0.6 of the time that
    they take one after another, and 16 hardly less (`python -m benchmarks.stacked --trials 4
    --images 125 --batch 16`); in larger batches the gain is smaller. More than 4 would leave cores
    idle.

    Args:
        network: one of them.
    """
    if not (stackable(network) and is_small(network)):
        return 1
    return _ON_A_GPU if device.type == "cuda" else _ON_A_CPU

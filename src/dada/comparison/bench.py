"""What every training of a comparison shares, and how one is run."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from typing import Any

import torch
from torch import nn

from dada.augment.loader import MemoryLoader
from dada.augment.words import around
from dada.comparison.answers import answers, pack
from dada.compute.parallel import Load, Tick
from dada.compute.randomness import forked
from dada.compute.threads import parameter_count
from dada.datasets import Dataset, even_batches, reduced
from dada.errors import DivergedError
from dada.tasks.network import check_network
from dada.training.augmentations import Method
from dada.training.backbone import noted
from dada.training.build import network_of
from dada.training.hooks import UserHooks
from dada.training.pipeline import pipeline_for
from dada.training.settings import TrainSettings, for_dataset
from dada.training.training import Training


class Bench:
    """The data, the network and the settings, the same for every training.

    Raises:
        UserError: the network does not fit the data, or a setting does not.
    """

    def __init__(
        self,
        dataset: Dataset,
        settings: TrainSettings,
        device: torch.device,
        hooks: UserHooks,
    ) -> None:
        self.task, self.device, self.loss = dataset.task, device, hooks.loss
        self.settings = for_dataset(settings, dataset, device.type == "cuda")
        self.dataset = noted(dataset, self.settings.model, self.settings.backbone)
        self.chosen = reduced(dataset.train.labels, self.settings.images)
        self.pipeline = pipeline_for(self.settings, dataset.side, hooks)
        self.images = MemoryLoader(dataset.train.subset(self.chosen), self.pipeline, device)
        self.test = MemoryLoader(dataset.test, self.pipeline, device)
        with forked(device):
            shape, classes = (dataset.channels, *dataset.side), len(dataset.classes)
            model, network = self.settings.model, self._network()
            check_network(network, model, self.task, classes, shape, False, self.loss)

    @property
    def steps(self) -> int:
        """Steps per training."""
        batches = even_batches(torch.arange(len(self.images)), self.settings.batch)
        return self.settings.epochs * len(batches)

    @property
    def load(self) -> Load:
        """The size of a training, for `run_parallel`."""
        pixels = self.settings.batch * math.prod(self.dataset.side)
        with forked(self.device):
            return Load(pixels=pixels, parameters=parameter_count(self._network()))

    def _network(self) -> nn.Module:
        return network_of(self.settings, len(self.dataset.classes), self.dataset.channels)

    def first(self, count: int) -> MemoryLoader:
        """So many of the training images."""
        images = self.dataset.train.subset(self.chosen[:count])
        return MemoryLoader(images, self.pipeline, self.device)

    def begin(self, method: Method, seed: int, images: MemoryLoader | None = None) -> Training:
        """A new training; seeds PyTorch's global generator.

        Args:
            images: what it trains on; None for all training images.
        """
        torch.manual_seed(seed)
        return Training(
            settings=self.settings,
            model=self._network(),
            images=self.images if images is None else images,
            pipeline=replace(self.pipeline, cutout=method.cutout or self.pipeline.cutout),
            augment=method.augment,
            seed=seed,
            device=self.device,
            loss=self.loss,
        )

    def train(self, method: Method, seed: int, on_step: Tick) -> dict[str, Any]:
        """Run one training, and return the event that records it.

        Args:
            method: the augmentation.
            seed: for weights, order and draws.
            on_step: called after each step.

        Raises:
            DivergedError: the loss is not a finite number.
        """
        started = time.perf_counter()
        with forked(self.device):
            training = self.begin(method, seed)
            try:
                for _ in range(self.settings.epochs):
                    training.run_epoch(on_step)
                kept = answers(training.tested, self.test, self.pipeline)
                classes = len(self.dataset.classes)
                found = self.task.compared(kept, self.test.labels, classes)
            except DivergedError as error:
                raise DivergedError(f"{error} under {method.name}, seed {seed}") from None
        return {
            "event": "training",
            "row": method.name,
            "seed": seed,
            **found,
            **({"wrong": pack(found["wrong"])} if "wrong" in found else {}),
            "seconds": round(time.perf_counter() - started, 3),
        }

    @property
    def answers(self) -> int:
        """Answers per image: 1, or one per label."""
        return self.test.labels[0].numel()

    def facts(self) -> dict[str, Any]:
        """What a reader of the comparison must know, as plain data."""
        return {
            "network": self.settings.model,
            "around": around(self.settings.model_dump()),
            "images": len(self.images),
            "test_images": len(self.dataset.test),
            "epochs": self.settings.epochs,
        }

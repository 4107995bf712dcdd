"""The published code itself, if there is a checkout: none of it is part of this project.

It is changed only where it would not run: what it sends to the GPU goes to the measured device, and
its top-5 accuracy, which today's PyTorch refuses, is left out. Its data loader gets the images from
memory. Everything else is unchanged, including autograd's anomaly detection, which its scripts
switch on.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader
from torchvision import transforms

from benchmarks._pillow import picture


@contextmanager
def sent_to(device: torch.device) -> Iterator[None]:
    """A context in which `.cuda()` means this device."""

    def send(self: Any, *_: object, **__: object) -> Any:
        return self.to(device)

    with patch.object(Tensor, "cuda", send), patch.object(nn.Module, "cuda", send):
        yield


class PublishedSearch:
    """Steps of `train_search_paper.py`, WRN-40-2.

    Args:
        folder: a checkout of github.com/VDIGPKU/DADA.
        images: uint8 (N, 3, 32, 32).
        labels: int64 (N,).
        batch: images per step.
        device: where the network runs.
    """

    def __init__(
        self, folder: Path, images: Tensor, labels: Tensor, batch: int, device: torch.device
    ) -> None:
        sys.path.insert(0, str(folder / "search_relax"))
        names = ("architect", "dataset", "model_search", "primitives", "utils")
        architect, dataset, model_search, primitives, utils = map(import_module, names)
        self.device, self.accuracy = device, utils.accuracy
        with sent_to(device):
            self.criterion = nn.CrossEntropyLoss()
            self.model = model_search.Network(
                "wresnet40_2", 10, primitives.sub_policies, True, False, 0.5, self.criterion
            )
        self.sgd = torch.optim.SGD(self.model.parameters(), 0.1, 0.9, weight_decay=2e-4)
        settings = SimpleNamespace(
            momentum=0.9, weight_decay=2e-4, arch_learning_rate=0.005, arch_weight_decay=0.0
        )
        self.architect = architect.Architect(self.model, settings)
        before = [transforms.RandomCrop(32, padding=4), transforms.RandomHorizontalFlip()]
        normalise = transforms.Normalize((0.4914, 0.4822, 0.4465), (0.2023, 0.1994, 0.2010))
        after = [transforms.ToTensor(), normalise]
        pictures = [
            (picture(image), int(label)) for image, label in zip(images, labels, strict=True)
        ]

        def augmented(search: bool) -> Any:
            return dataset.AugmentDataset(
                pictures,
                transforms.Compose(before),
                transforms.Compose([*after, dataset.CutoutDefault(16)]),
                transforms.Compose(after),
                primitives.sub_policies,
                search,
                self.model.magnitudes,
            )

        self.pictures = augmented(True)
        self.train = DataLoader(self.pictures, batch, shuffle=True, drop_last=True)
        self.valid = DataLoader(augmented(False), batch, drop_last=True)
        self.batches: Iterator = iter(())
        self._sample()

    def _sample(self) -> None:
        with sent_to(self.device):
            self.model.sample()
        self.pictures.weights_index = self.model.ops_weights_b
        self.pictures.probabilities_index = self.model.probabilities_b

    def step(self) -> None:
        """The body of its training loop."""
        with sent_to(self.device), torch.autograd.set_detect_anomaly(True):
            self.model.train()
            self.model.set_augmenting(True)
            batch = next(self.batches, None)
            if batch is None:
                self.batches = iter(self.train)
                batch = next(self.batches)
            images, labels = batch[0].cuda(), batch[1].cuda()
            seen, wanted = (part.cuda() for part in next(iter(self.valid)))
            self.architect.step(images, labels, seen, wanted, 0.1, self.sgd, unrolled=True)
            self.sgd.zero_grad()
            logits = self.model(images)
            loss = self.criterion(logits, labels)
            loss.backward()
            nn.utils.clip_grad_norm_(self.model.parameters(), 5.0)
            self.sgd.step()
            self.accuracy(logits.detach(), labels, topk=(1,))
            loss.item()
            after = self.model(seen)
            self.criterion(after, wanted).item()
            self.accuracy(after.detach(), wanted, topk=(1,))
        self._sample()

"""Whole trainings of the proxy, as a trial makes them, in processes side by side."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from benchmarks.search_quality.store import Store, digest
from dada.augment import MemoryLoader, Motion
from dada.augment.loader import Augment
from dada.compute.parallel import Tick, run_parallel
from dada.compute.randomness import forked, stream
from dada.datasets import Dataset, ImageSet
from dada.runs.provenance import fingerprint
from dada.searching import SearchSettings, make_settings
from dada.searching.problem import problem_of
from dada.searching.score import score
from dada.searching.shrink import shrunk
from dada.searching.training_settings import settings_of_a_trial
from dada.training.augmentations import Method, PerEpoch
from dada.training.training import Training

_BATCH, _PIXELS = 128, 64  # the largest batch, and the most pixels per side
_DRAWS = 3  # as in a trial: the stream of its seed for the augmentation
_TOGETHER = 8  # batches that are augmented at once, for speed


@dataclass(frozen=True)
class Job:
    """One training, and all that its result depends on.

    Attributes:
        name: what to print.
        method: the augmentation.
        train, judges: images to train on, and to score the network on.
        model: name of the network.
        seed, epochs: of the training.
        weights: what the network starts from, a file or "pretrained"; "" starts it at random.
    """

    name: str
    method: Method
    train: ImageSet
    judges: ImageSet
    model: str
    seed: int
    epochs: int
    weights: str = ""

    @cached_property
    def key(self) -> str:
        """Where its result is stored: what is changed is trained again, not mistaken."""
        augmentation = content_of(self.method)
        images = tuple(map(_mark, (self.train, self.judges)))
        parts: tuple[object, ...] = (augmentation, images, self.model, self.seed, self.epochs)
        if self.weights:
            parts = (*parts, Path(self.weights).name)
        return f"{self.name}/{digest(*parts)}"


def content_of(method: Method) -> object:
    """What methods that augment alike have in common."""
    return method.policy.content if method.policy else method.name


@cache
def _mark(images: ImageSet) -> str:
    return fingerprint(images.images, images.labels)


def run_all(jobs: Iterable[Job], dataset: Dataset, store: Store, device: torch.device) -> None:
    """Run the trainings that are not in the store yet."""
    left = list({job.key: job for job in jobs if job.key not in store}.values())

    def work(number: int, tick: Tick) -> dict[str, float]:
        return trained(left[number], dataset, device, tick)

    pixels = _BATCH * min(_PIXELS, max(dataset.side)) ** 2
    for number, result in run_parallel(len(left), work, device, pixels=pixels):
        store.add(left[number].key, result)
        done = f"{left[number].name}: error {100 * result['error']:.2f} %"
        print(f"{done} ({number + 1} of {len(left)})", flush=True)


def _settings(job: Job, data: Dataset) -> SearchSettings:
    """Those of a trial. From random weights, as many steps per epoch as in a trial on few images,
    and batches as usual on many."""
    given: dict[str, Any] = {"model": job.model, "images": len(job.train)}
    if job.weights:
        return make_settings("finetune", **given, weights=job.weights, pixels=max(data.side))
    batch = min(_BATCH, max(16, len(job.train) // 8))
    return make_settings(**given, batch=batch, pixels=min(_PIXELS, max(data.side)))


def _drawn_from(own: torch.Generator, method: Method) -> PerEpoch:
    """The augmentation, with draws from a generator of its own."""

    def at(epoch: int, epochs: int) -> Augment:
        augment = method.at(epoch, epochs)

        def apart(
            images: Tensor, generator: torch.Generator, motion: Motion | None = None
        ) -> Tensor:
            return augment(images, own, motion)

        return apart

    return PerEpoch(at)


def trained(
    job: Job, dataset: Dataset, device: torch.device, on_epoch: Tick = lambda: None
) -> dict[str, float]:
    """The calibrated loss and the error of a network after a training.

    Trainings with the same images and seed are paired: the augmentation draws from a generator of
    its own, so that first weights, order, crops and flips are the same.
    """
    images, judges = job.train, job.judges
    data = replace(dataset, train=images, test=judges, validation=None, files=None, notes=())
    chosen = _settings(job, data).resolve(data)
    problem = problem_of(chosen, data, None, device)
    own = torch.Generator().manual_seed(stream(job.seed, _DRAWS))
    with forked(device):
        torch.manual_seed(job.seed)
        training = Training(
            settings=settings_of_a_trial(chosen, job.epochs),
            model=problem.network(),
            images=MemoryLoader(problem.images.to(device), problem.pipeline, device),
            pipeline=problem.pipeline,
            augment=_drawn_from(own, job.method),
            seed=job.seed,
            device=device,
            loss=problem.loss,
            together=_TOGETHER,
        )
        for _ in range(job.epochs):
            record = training.run_epoch()
            on_epoch()
    unseen = MemoryLoader(shrunk(judges, chosen.pixels).to(device), problem.pipeline, device)
    loss, accuracy = score(training.tested, unseen, problem.pipeline)
    return {"loss": loss, "error": 1 - accuracy, "train_loss": record["train_loss"]}

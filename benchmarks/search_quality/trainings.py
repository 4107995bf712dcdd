"""Whole trainings of the proxy, as a trial makes them, in processes side by side."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

import torch

from benchmarks.search_quality.store import Store
from dada.compute.parallel import run_parallel
from dada.datasets import Dataset, ImageSet
from dada.policy import Policy
from dada.searching import make_settings
from dada.searching.problem import problem_of
from dada.searching.trials import Fold, Trials


class Job(NamedTuple):
    """One training: its key in the store, and what it takes."""

    key: str
    policy: Policy
    train: ImageSet
    judges: ImageSet
    seed: int
    epochs: int


def run_all(
    jobs: Sequence[Job], dataset: Dataset, model: str, store: Store, device: torch.device
) -> None:
    """Run the trainings that are not in the store yet."""
    left = [job for job in jobs if job.key not in store]

    def work(number: int, tick: Callable[[], None]) -> dict[str, float]:
        job = left[number]
        data = replace(dataset, train=job.train, test=job.judges, files=None, notes=())
        size = len(job.train)
        # As many steps per epoch as in a trial on few images; batches as usual on many.
        batch = min(128, max(16, size // 8))
        chosen = make_settings(model=model, images=size, batch=batch).resolve(data)
        problem = problem_of(chosen, data, None, device)
        trials = Trials(problem, chosen)
        fold = Fold(job.train.to(device), job.judges.to(device))
        score = trials.trial(job.policy, fold, job.seed, job.epochs)
        return {
            "loss": score.loss,
            "error": 1 - score.accuracy,
            "train_loss": score.train_loss,
        }

    pixels = 128 * math.prod(dataset.side)
    for number, result in run_parallel(len(left), work, device, pixels=pixels):
        store.add(left[number].key, result)
        print(f"{left[number].key}: error {100 * result['error']:.2f} %", flush=True)

"""A training epoch, its test and a search step, to be compared between one and two processes.

    python -m tests.shared_job FILE          or under torchrun

The networks have no batch normalisation and nothing but the policy is random, so that a batch in
two halves is the same batch.
"""

import sys

import torch
from torch import nn

from dada.augment import Pipeline
from dada.augment.loader import MemoryLoader
from dada.compute.distributed import shared_job
from dada.datasets import ImageSet
from dada.searching.method import SearchProblem
from dada.searching.methods.dada import OneStep
from dada.searching.methods.dada.one_step.settings import OneStepSettings
from dada.tasks.classification import CROSS_ENTROPY
from dada.training.augmentations import BASELINE
from dada.training.examine import Tested
from dada.training.settings import TrainSettings
from dada.training.training import Training

STILL = Pipeline((0.5,), (0.25,), padding=0, flip=False)


def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, 6, 3), nn.ReLU(), nn.Flatten(), nn.Linear(216, 3))


def images(seed, count):
    generator = torch.Generator().manual_seed(seed)
    pixels = torch.randint(256, (count, 1, 8, 8), dtype=torch.uint8, generator=generator)
    return ImageSet(pixels, torch.arange(count) % 3)


def main(path):
    with shared_job(torch.device("cpu")) as (processes, device):
        loader = MemoryLoader(images(0, 45), STILL, device)
        settings = TrainSettings(batch=15, epochs=2, precision="float32")
        training = Training(
            settings, network(), loader, STILL, BASELINE.augment, 0, device, processes
        )
        record = training.run_epoch()
        done = []
        tested = Tested(
            training.child, images(2, 41), STILL, processes, lambda *counts: done.append(counts)
        )
        logits = torch.cat(tested.gathered([logits for logits, _ in tested.outputs()]))
        searching = OneStepSettings(
            batch=31,
            epochs=1,
            precision="float32",
            operations=("Invert", "Equalize", "Posterize", "Solarize"),
            views=2,
            estimator="reinforce",
        )
        problem = SearchProblem(
            images=images(1, 62),
            classes=("a", "b", "c"),
            space=searching.space,
            pipeline=STILL,
            network=network,
            loss=CROSS_ENTROPY,
            device=device,
            precision=torch.float32,
            processes=processes,
        )
        search = OneStep(problem, searching)
        epoch = search.advance()
        if processes.first:
            torch.save(
                {
                    "training": dict(training.child.parameters),
                    "train_loss": record["train_loss"],
                    "logits": logits,
                    "tested": done[-1],
                    "search": dict(search.child.parameters),
                    "losses": [epoch["train_loss"], epoch["validation_loss"]],
                    "accuracy": epoch["validation_accuracy"],
                    "distribution": search.distribution.state_dict(),
                },
                path,
            )


if __name__ == "__main__":
    main(sys.argv[1])

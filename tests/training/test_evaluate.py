import numpy as np
import pytest
import torch
from sklearn.metrics import (
    accuracy_score,
    hamming_loss,
    log_loss,
    recall_score,
    top_k_accuracy_score,
)
from torch import nn

from dada.augment import Pipeline
from dada.augment.loader import MemoryLoader
from dada.compute.distributed import Processes
from dada.datasets import ImageSet
from dada.models.child import Child
from dada.tasks import task_of
from dada.training.evaluate import measure

PIPELINE = Pipeline((0.5,), (0.25,), padding=0)


def linear(outputs, labels):
    network = nn.Sequential(nn.Flatten(), nn.Linear(16, outputs))
    return Child(network, torch.device("cpu"), torch.float32, task_of(labels).loss(labels))


@pytest.mark.parametrize("classes", [3, 8])
def test_errors_are_scikit_learns(classes):
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(256, (700, 1, 4, 4), dtype=torch.uint8, generator=generator)
    labels = torch.randint(classes, (700,), generator=generator)
    labels[labels == 1] = 0  # a class without images
    torch.manual_seed(0)
    child = linear(classes, labels)
    loader = MemoryLoader(ImageSet(images, labels), PIPELINE, torch.device("cpu"))
    found = measure(child, loader, PIPELINE, classes)
    scores = child.logits(PIPELINE.normalise(images)).softmax(1).numpy()
    every = np.arange(classes)
    assert found["test_images"] == 700
    assert found["test_loss"] == pytest.approx(log_loss(labels, scores, labels=every), rel=1e-5)
    first = top_k_accuracy_score(labels, scores, k=1, labels=every)
    assert found["test_error"] == pytest.approx(1 - first)
    assert found["test_error"] == round(700 * found["test_error"]) / 700  # and no other digits
    if classes > 5:
        five = top_k_accuracy_score(labels, scores, k=5, labels=every)
        assert found["test_error_top5"] == pytest.approx(1 - five)
    else:
        assert found["test_error_top5"] is None
    there = [c for c in range(classes) if c != 1]
    recalls = recall_score(labels, scores.argmax(1), labels=there, average=None)
    assert found["class_errors"][1] is None
    assert [found["class_errors"][c] for c in there] == pytest.approx(1 - recalls)


def test_several_labels_per_image_are_scikit_learns_too():
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(256, (600, 1, 4, 4), dtype=torch.uint8, generator=generator)
    labels = (torch.rand(600, 3, generator=generator) < torch.tensor([0.5, 0.2, 0.8])).float()
    torch.manual_seed(0)
    child = linear(3, labels)
    loader = MemoryLoader(ImageSet(images, labels), PIPELINE, torch.device("cpu"))
    found = measure(child, loader, PIPELINE, 3)
    logits = child.logits(PIPELINE.normalise(images))
    guesses = (logits > 0).numpy()
    assert found["test_images"] == 600 and found["test_error_top5"] is None
    assert found["test_error"] == pytest.approx(hamming_loss(labels, guesses))
    each = [1 - accuracy_score(labels[:, i], guesses[:, i]) for i in range(3)]
    assert found["class_errors"] == pytest.approx(each)
    losses = [log_loss(labels[:, i], logits[:, i].sigmoid().numpy()) for i in range(3)]
    assert found["test_loss"] == pytest.approx(np.mean(losses), rel=1e-5)


class OneOfTwo(Processes):
    """What is gathered is its own, and the tally of a process that is all ones."""

    def all_gather(self, thing):
        return [thing, [torch.ones(4, 3, dtype=torch.float64)]]


@pytest.mark.parametrize(("rank", "tested"), [(0, 1), (1, 0)])
def test_a_process_without_test_images_counts_those_of_the_others(rank, tested):
    images, labels = torch.randint(256, (1, 1, 4, 4), dtype=torch.uint8), torch.tensor([1])
    processes = OneOfTwo(rank, 2)
    mine = ImageSet(images, labels).subset(processes.shard(torch.arange(1)))
    loader = MemoryLoader(mine, PIPELINE, torch.device("cpu"))
    found = measure(linear(3, labels), loader, PIPELINE, 3, processes)
    assert found["test_images"] == 3 + tested
    if not tested:
        assert found["test_loss"] == 1 and found["test_error"] == 0

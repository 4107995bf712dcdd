"""What a score is: a loss at its best temperature, the accuracy, and what mere guessing gets."""

import math

import pytest
import torch
from scipy.optimize import minimize_scalar
from torch import nn

from dada.augment import MemoryLoader, Pipeline
from dada.datasets import ImageSet
from dada.errors import DivergedError
from dada.models.child import Child
from dada.searching.score import Score, calibrated, guess, mean_score, score
from dada.tasks.classification import CROSS_ENTROPY
from dada.tasks.multilabel import binary_cross_entropy


def test_the_calibrated_loss_is_the_lowest_over_temperatures():
    generator = torch.Generator().manual_seed(0)
    labels = torch.randint(5, (400,), generator=generator)
    logits = 9 * (torch.randn(400, 5, generator=generator) + nn.functional.one_hot(labels, 5))

    def at(log_temperature):
        return nn.functional.cross_entropy(logits / math.exp(log_temperature), labels).item()

    lowest = minimize_scalar(at, bounds=(-2, 4), method="bounded").fun
    found = calibrated(CROSS_ENTROPY, [(logits, labels)])
    assert lowest <= found < lowest + 2e-3 and found < at(0) - 0.5


def test_sureness_alone_earns_nothing():
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(300) % 3
    logits = torch.randn(300, 3, generator=generator) + nn.functional.one_hot(labels, 3)
    found = [calibrated(CROSS_ENTROPY, [(scale * logits, labels)]) for scale in (0.5, 1.0, 4.0)]
    assert found == pytest.approx([found[0]] * 3, rel=1e-5)  # the grid has these factors


def test_several_labels_are_calibrated_too():
    labels = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    assert calibrated(binary_cross_entropy, [(100 * (labels - 0.5), labels)]) < 1e-4


@pytest.mark.parametrize("count", [48, 500])
def test_what_knows_nothing_is_hardly_ever_better_than_a_guess(count):
    """Outputs that know the classes' shares alone, at their best temperature, 500 times."""
    generator = torch.Generator().manual_seed(0)
    shares = torch.tensor([0.5, 0.3, 0.2])
    known = torch.multinomial(shares, count, True, generator=generator)
    below = best = 0
    for _ in range(500):
        labels = torch.multinomial(shares, count, True, generator=generator)
        logits = known.bincount(minlength=3).log() + torch.randn(count, 3, generator=generator)
        bound = guess(CROSS_ENTROPY, known, labels, 3)
        below += calibrated(CROSS_ENTROPY, [(logits, labels)]) < bound
        best += (
            calibrated(CROSS_ENTROPY, [(3.0 * nn.functional.one_hot(labels, 3), labels)]) < bound
        )
    assert below == 0 and best == 500


def test_the_guess_of_several_labels_is_each_labels_share():
    labels = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 0.0], [1.0, 0.0]])
    found = guess(binary_cross_entropy, labels, labels, 2) + 18.4 / 2 / 4

    def at(t):
        p = (torch.tensor([4 / 6, 1 / 6]).logit() / t).sigmoid()
        return -(labels * p.log() + (1 - labels) * (1 - p).log()).mean().item()

    lowest = minimize_scalar(at, bounds=(0.1, 10), method="bounded").fun
    assert lowest <= found < lowest + 2e-3


def test_a_score_is_of_images_that_are_not_augmented():
    """Against the network itself on the normalised images, all at once."""
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(256, (90, 1, 8, 8), dtype=torch.uint8, generator=generator)
    seen = ImageSet(images, torch.arange(90) % 3)
    pipeline = Pipeline((0.4,), (0.2,), padding=3, flip=True, cutout=4)
    torch.manual_seed(0)
    network = nn.Sequential(nn.Flatten(), nn.Linear(64, 3))
    device = torch.device("cpu")
    child = Child(network, device, torch.float32, CROSS_ENTROPY)
    found = score(child, MemoryLoader(seen, pipeline, device), pipeline)
    with torch.no_grad():
        logits = network((images / 255 - 0.4) / 0.2)
    right = (logits.argmax(1) == seen.labels).float().mean().item()
    assert found == pytest.approx((calibrated(CROSS_ENTROPY, [(logits, seen.labels)]), right))


def test_the_mean_of_scores_is_of_each_number_and_finite():
    scores = [Score(1.0, 2.0, 0.25), Score(3.0, 5.0, 0.75)]
    assert mean_score(scores, "") == Score(2.0, 3.5, 0.5)
    with pytest.raises(DivergedError, match="not a finite number in round 3"):
        mean_score([*scores, Score(1.0, math.nan, 0.5)], "round 3")

import numpy as np
import pytest
import torch
from sklearn.metrics import log_loss

from dada.tasks import Classification, Multilabel
from dada.tasks.calibration import calibration


def sample(images=4000, classes=5, factor=1.0):
    """Logits whose probabilities are the truth, times a factor; and labels drawn from the truth."""
    generator = torch.Generator().manual_seed(0)
    logits = 1.5 * torch.randn(images, classes, generator=generator)
    labels = torch.multinomial(logits.softmax(1), 1, generator=generator)[:, 0]
    return factor * logits, labels


def expected_error(confidence, right, bins=15):
    """Equation 3 of Guo et al. 2017, written as a loop."""
    total = 0.0
    for number in range(bins):
        inside = (confidence > number / bins) & (confidence <= (number + 1) / bins)
        if inside.any():
            gap = right[inside].mean() - confidence[inside].mean()
            total += inside.mean() * abs(gap)
    return total


@pytest.mark.parametrize("factor", [0.5, 1.0, 3.0])
def test_the_expected_error_is_the_papers_and_the_temperature_undoes_the_factor(factor):
    logits, labels = sample(factor=factor)
    found = calibration(logits, labels, Classification())
    scores = logits.double().softmax(1)
    sure, right = scores.max(1).values.numpy(), (scores.argmax(1) == labels).numpy()
    assert found["ece"] == pytest.approx(expected_error(sure, right), abs=1e-6)
    assert found["confidence"] == pytest.approx(sure.mean(), rel=1e-5)
    assert found["accuracy"] == pytest.approx(right.mean())
    assert sum(one["answers"] for one in found["bins"]) == len(labels)
    assert all(one["low"] < one["confidence"] <= one["high"] for one in found["bins"])
    assert found["temperature"] == pytest.approx(factor, rel=0.05)
    truth = log_loss(labels, (logits.double() / factor).softmax(1))
    assert found["scaled_loss"] == pytest.approx(truth, rel=2e-3)
    assert (found["ece"] <= found["ece_by_chance"]) == (factor == 1.0)
    assert found["scaled_ece"] < 0.03


def test_a_calibrated_network_exceeds_the_bound_in_about_one_of_twenty_tests():
    over, generator = 0, torch.Generator().manual_seed(1)
    logits, _ = sample(200)
    for _ in range(100):
        labels = torch.multinomial(logits.softmax(1), 1, generator=generator)[:, 0]
        found = calibration(logits, labels, Classification())
        over += found["ece"] > found["ece_by_chance"]
    assert 1 <= over <= 12


def test_images_sorted_by_class_do_not_decide_the_halves():
    logits, labels = sample(400, classes=2, factor=3.0)
    order = labels.argsort(stable=True).view(2, -1).T.flatten()  # one class, the other, in turn
    found = calibration(logits[order], labels[order], Classification())
    assert found["temperature"] == pytest.approx(3.0, rel=0.3)
    assert found["scaled_loss"] < log_loss(labels, logits.double().softmax(1))


def test_several_labels_per_image_are_as_many_answers():
    generator = torch.Generator().manual_seed(0)
    truth = torch.randn(2000, 3, generator=generator)
    labels = (torch.rand(2000, 3, generator=generator) < truth.sigmoid()).float()
    found = calibration(2 * truth, labels, Multilabel())
    yes = (2 * truth.double()).sigmoid()
    sure, right = torch.maximum(yes, 1 - yes).numpy(), ((truth > 0) == (labels > 0.5)).numpy()
    error = expected_error(np.ravel(sure), np.ravel(right))
    assert found["ece"] == pytest.approx(error, abs=1e-6)
    assert found["temperature"] == pytest.approx(2.0, rel=0.1)


@pytest.mark.parametrize("images", [1, 3, 4])
def test_few_images(images):
    logits, labels = sample(images)
    found = calibration(logits, labels, Classification())
    assert (found["scaled_loss"] is None) == (images < 4)
    assert 0 <= found["ece"] <= 1

import numpy as np
import pytest
import torch
from sklearn.dummy import DummyClassifier
from sklearn.utils.class_weight import compute_class_weight
from torch.nn.functional import cross_entropy

from dada.errors import UserError
from dada.tasks import Classification

TASK = Classification()
LABELS = torch.tensor([0] * 30 + [1] * 5 + [3] * 10)
LOGITS = torch.randn(45, 5, generator=torch.Generator().manual_seed(0))


def test_the_loss_is_pytorchs_cross_entropy():
    found = TASK.loss(LABELS)(LOGITS, LABELS)
    torch.testing.assert_close(found, cross_entropy(LOGITS, LABELS, reduction="none"))
    # Label smoothing is a mixture with the mean over all classes.
    smoothed = TASK.loss(LABELS, smoothing=0.2)(LOGITS, LABELS)
    torch.testing.assert_close(smoothed, 0.8 * found - 0.2 * LOGITS.log_softmax(1).mean(1))


def test_balance_makes_all_classes_count_alike():
    """As scikit-learn weighs classes ("balanced"), and PyTorch's own weighted loss."""
    there = compute_class_weight("balanced", classes=np.array([0, 1, 3]), y=LABELS.numpy())
    weights = torch.zeros(5)
    weights[[0, 1, 3]] = torch.tensor(there, dtype=torch.float32)
    for smoothing in (0.0, 0.2):
        found = TASK.loss(LABELS, balance=True, smoothing=smoothing)(LOGITS, LABELS)
        if not smoothing:
            expected = cross_entropy(LOGITS, LABELS, weights, reduction="none")
            torch.testing.assert_close(found, expected)
            sums = torch.stack([weights[LABELS][c == LABELS].sum() for c in (0, 1, 3)])
            torch.testing.assert_close(sums, torch.full((3,), 15.0))
        assert found.shape == (45,) and found.isfinite().all()


def test_the_largest_logit_is_the_answer():
    logits = torch.tensor([[0.3, 0.1, -2.0], [-0.1, 0.2, 0.4]])
    assert TASK.wrong(logits, torch.tensor([0, 1])).tolist() == [False, True]
    assert TASK.accuracy(logits, torch.tensor([0, 2])).tolist() == [1, 1]
    assert TASK.accuracy(logits, torch.tensor([0, 1])).tolist() == [1, 0]


def test_errors_of_classes():
    wrong = torch.tensor([True, False, False, True])
    assert TASK.class_errors(wrong, torch.tensor([0, 0, 2, 2]), 3) == [0.5, None, 0.5]


@pytest.mark.parametrize("size", [1, 7, 45])
def test_a_test_in_batches_measures_what_a_whole_one_does(size):
    """What it measures is held against scikit-learn in tests/training/test_evaluate.py."""
    parts = zip(LOGITS.split(size), LABELS.split(size), strict=True)
    found = TASK.measures([TASK.tally(*part) for part in parts])
    whole = TASK.measures([TASK.tally(LOGITS, LABELS)])
    assert found.pop("test_loss") == pytest.approx(whole.pop("test_loss"), rel=1e-6)
    assert found == whole
    wrong = TASK.wrong(LOGITS, LABELS)
    assert found["test_error"] == pytest.approx(wrong.double().mean().item())
    assert found["class_errors"] == pytest.approx(TASK.class_errors(wrong, LABELS, 5), abs=1e-6)


def test_the_prior_is_how_often_each_class_occurs():
    """As scikit-learn's prior classifier has it, of images among which each class is once more."""
    more = np.concatenate([LABELS.numpy(), np.arange(5)])
    dummy = DummyClassifier(strategy="prior").fit(np.zeros((len(more), 1)), more)
    found = TASK.prior(LABELS, 5, 1)[0].softmax(0)
    np.testing.assert_allclose(found, dummy.predict_proba([[0]])[0], rtol=1e-6)


@pytest.mark.parametrize(("labels", "error"), [([0, 1, 1, 1, 2], 0.4), ([3, 3], 0.0)])
def test_the_error_of_always_answering_the_most_frequent_class(labels, error):
    assert TASK.naive(torch.tensor(labels)) == error
    features = np.zeros((len(labels), 1))
    dummy = DummyClassifier(strategy="most_frequent").fit(features, labels)
    assert error == pytest.approx(1 - dummy.score(features, labels))


@pytest.mark.parametrize("labels", [[-1, 0], [0, 2]])
def test_a_label_without_a_class_is_refused(labels):
    with pytest.raises(UserError, match=r"set: test labels are .* for 2 classes: must be 0 to 1"):
        TASK.check(torch.tensor(labels), 2, "set: test labels")


def test_a_split_keeps_classes_and_has_room_for_two_images_of_each():
    assert TASK.strata(LABELS) is LABELS
    assert TASK.fewest(LABELS) == 4 + 2 * 3
    assert TASK.fewest(LABELS[:0]) == 4


def test_labels_of_other_data_become_the_networks_numbers():
    labels, outputs = TASK.matched(torch.tensor([0, 1, 1]), [4, 2])
    assert labels.tolist() == [4, 2, 2] and outputs is None

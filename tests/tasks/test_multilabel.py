import numpy as np
import pytest
import torch
from sklearn.metrics import hamming_loss
from torch.nn.functional import binary_cross_entropy_with_logits

from dada.errors import UserError
from dada.tasks import Multilabel

TASK = Multilabel()
GENERATOR = torch.Generator().manual_seed(0)
LABELS = (torch.rand(40, 3, generator=GENERATOR) < torch.tensor([0.5, 0.2, 0.8])).float()
LOGITS = torch.randn(40, 3, generator=GENERATOR)


def test_the_loss_is_the_mean_over_an_images_labels():
    found = TASK.loss(LABELS)(LOGITS, LABELS)
    assert found.shape == (40,)
    torch.testing.assert_close(found.mean(), binary_cross_entropy_with_logits(LOGITS, LABELS))
    one = binary_cross_entropy_with_logits(LOGITS[7], LABELS[7])
    torch.testing.assert_close(found[7], one)


@pytest.mark.parametrize("asked", [{"balance": True}, {"smoothing": 0.1}])
def test_what_the_loss_cannot_do_is_refused(asked):
    with pytest.raises(UserError, match="is for one label per image: give a loss of your own"):
        TASK.loss(LABELS, **asked)


def test_a_logit_above_zero_is_a_yes():
    logits = torch.tensor([[0.3, 0.1, -2.0], [-0.1, 0.2, 0.4]])
    labels = torch.tensor([[1.0, 0.0, 0.0], [0.0, 1.0, 1.0]])
    assert TASK.wrong(logits, labels).tolist() == [[False, True, False], [False] * 3]
    assert TASK.accuracy(logits, labels).tolist() == pytest.approx([2 / 3, 1])


def test_errors_of_labels():
    wrong = torch.tensor([[True, False], [True, True]])
    assert TASK.class_errors(wrong, torch.zeros(2, 2), 2) == [1.0, 0.5]


@pytest.mark.parametrize("size", [1, 7, 40])
def test_a_test_in_batches_measures_what_a_whole_one_does(size):
    parts = zip(LOGITS.split(size), LABELS.split(size), strict=True)
    found = TASK.measures([TASK.tally(*part) for part in parts])
    whole = TASK.measures([TASK.tally(LOGITS, LABELS)])
    assert found.pop("test_loss") == pytest.approx(whole.pop("test_loss"), rel=1e-6)
    assert found == whole
    assert found["test_error"] == pytest.approx(hamming_loss(LABELS, LOGITS > 0))
    wrong = TASK.wrong(LOGITS, LABELS)
    assert found["class_errors"] == pytest.approx(TASK.class_errors(wrong, LABELS, 3), abs=1e-6)


def test_the_prior_is_how_often_each_label_occurs():
    """Among the images and two more, of which one has it and one has not."""
    more = np.concatenate([LABELS.numpy(), np.ones((1, 3)), np.zeros((1, 3))])
    np.testing.assert_allclose(TASK.prior(LABELS, 3, 1)[0].sigmoid(), more.mean(0), rtol=1e-6)


def test_no_answer_stands_out():
    assert TASK.naive(torch.tensor([[0.0, 1.0], [1.0, 1.0]])) is None


@pytest.mark.parametrize("labels", [[[0.0, 2.0]], [[0.0, 1.0, 1.0]]])
def test_other_columns_than_of_zeros_and_ones_are_refused(labels):
    with pytest.raises(UserError, match=r"are float32 .* for 2 classes: must be 2 columns of 0"):
        TASK.check(torch.tensor(labels), 2, "labels")


def test_a_split_is_random():
    assert TASK.strata(LABELS) is None
    assert TASK.fewest(LABELS) == 4


def test_of_a_networks_outputs_those_of_the_datas_labels_are_compared():
    labels, outputs = TASK.matched(LABELS, [4, 2, 0])
    assert labels is LABELS and outputs == [4, 2, 0]

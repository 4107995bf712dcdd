import numpy as np
import pytest
import torch
from sklearn.metrics import (
    average_precision_score,
    confusion_matrix,
    precision_recall_fscore_support,
)

from dada.tasks import Classification, Multilabel

NAMES = ("recall", "precision", "f1")


def check(found, labels, answers, classes):
    """Hold recall, precision and F1 against scikit-learn's, which says nan for None here."""
    precision, recall, f1, images = precision_recall_fscore_support(
        labels, answers, labels=range(classes), average=None, zero_division=np.nan
    )
    assert found["images"] == images.tolist()
    for name, theirs in zip(NAMES, (recall, precision, f1), strict=True):
        ours = [np.nan if value is None else value for value in found[name]]
        assert ours == pytest.approx(theirs.tolist(), nan_ok=True), name


def test_one_label_per_image():
    generator = torch.Generator().manual_seed(0)
    labels = torch.randint(4, (300,), generator=generator)  # none of class 4 or 5
    logits = torch.randn(300, 6, generator=generator)
    logits[:, 5] = -9.0  # never an answer
    task = Classification()
    answers = task.answers(logits)
    found = task.per_class(logits, labels)
    check(found, labels, answers, 6)
    assert found["recall"][4:] == [None, None] and found["precision"][5] is None
    matrix = confusion_matrix(labels, answers, labels=range(6))
    assert task.confusion(logits, labels).tolist() == matrix.tolist()
    np.fill_diagonal(matrix, 0)
    assert found["taken_for"][:4] == matrix.argmax(1)[:4].tolist()
    assert found["taken_for"][4:] == [None, None]
    assert found["times"] == matrix.max(1).tolist()
    assert task.confidence(logits) == pytest.approx(logits.softmax(1).max(1).values)
    assert [task.in_words(label, "abcdef") for label in labels[:3]] == [
        "abcdef"[n] for n in labels[:3].tolist()
    ]


def test_several_labels_per_image():
    generator = torch.Generator().manual_seed(0)
    shares = torch.tensor([0.5, 0.1, 0.9, 0.0])
    labels = (torch.rand(200, 4, generator=generator) < shares).float()
    logits = torch.randn(200, 4, generator=generator).mul(2).round() / 2  # many are equal
    logits += labels
    task = Multilabel()
    found = task.per_class(logits, labels)
    check(found, labels.numpy(), task.answers(logits).numpy(), 4)
    theirs = [average_precision_score(labels[:, i], logits[:, i]) for i in range(3)]
    assert found["average_precision"][:3] == pytest.approx(theirs)
    assert found["average_precision"][3] is None
    assert task.confusion(logits, labels) is None
    yes = logits.sigmoid()
    assert task.confidence(logits).numpy() == pytest.approx(torch.maximum(yes, 1 - yes).numpy())
    assert task.in_words(torch.tensor([1.0, 0.0, 1.0, 0.0]), "abcd") == "a, c"
    assert task.in_words(torch.zeros(4), "abcd") == "none"

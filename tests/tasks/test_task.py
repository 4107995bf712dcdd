"""Which task labels are for, and that splits by a task are scikit-learn's."""

import numpy as np
import pytest
import torch
from sklearn.model_selection import ShuffleSplit, StratifiedShuffleSplit

import dada
from dada.datasets import Dataset, ImageSet, halves, hold_out, reduced
from dada.errors import UserError
from dada.tasks import TASKS, Classification, Multilabel, task_of, task_recorded

CLASSES = torch.tensor([0] * 60 + [1] * 25 + [2] * 15)
SEVERAL = (torch.rand(100, 4, generator=torch.Generator().manual_seed(0)) < 0.3).float()


@pytest.mark.parametrize(("labels", "kind"), [(CLASSES, Classification), (SEVERAL, Multilabel)])
def test_the_shape_of_labels_tells_their_task(labels, kind):
    assert type(task_of(labels)) is kind and task_of(labels.numpy()) is task_of(labels)
    images = ImageSet(torch.zeros(len(labels), 1, 8, 8, dtype=torch.uint8), labels)
    assert images.task is task_of(labels)


@pytest.mark.parametrize("labels", [torch.tensor(1), torch.zeros(2, 3, 4), torch.zeros(1, 2, 3, 4)])
def test_labels_of_no_task_are_refused(labels):
    with pytest.raises(UserError, match=r"must be int64 \(N,\), or float32 \(N, L\) of"):
        task_of(labels)


def test_a_run_tells_its_task_if_it_is_not_too_old():
    for task in TASKS:
        assert task_recorded({"name": "x", **task.recorded}) is task
    assert task_recorded({"several_labels": True}) is TASKS[1], "the key of all runs so far"
    assert task_recorded({"name": "x"}) is None and task_recorded({"several_labels": None}) is None


@pytest.mark.parametrize(
    ("labels", "why"),
    [
        (torch.tensor([[[0.0, 0.0, 0.0, 0.0, -1.0]]] * 2), "there is no box in any"),
        (torch.zeros(2, 8, 8, dtype=torch.int32), "there is no object in any"),
        (torch.full((2, 8, 8), 255, dtype=torch.uint8), "every pixel is 255"),
    ],
)
def test_test_images_without_anything_to_find_are_refused_before_a_training(labels, why, tmp_path):
    there = task_of(labels)
    images = torch.zeros(4, 3, 8, 8, dtype=torch.uint8)
    train = labels.new_ones(1).expand(4, *labels.shape[1:]).clone()
    if labels.ndim == 3 and labels.is_floating_point():
        train = torch.tensor([[[0.0, 0.0, 1.0, 1.0, 0.0]]] * 4)
    data = Dataset("odd", ImageSet(images, train), ImageSet(images[:2], labels), ("a", "b"))
    there.check_test(train, "training images")
    with pytest.raises(UserError, match=f"odd: test images: {why}"):
        dada.train(data, out=tmp_path / "run", epochs=1)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("seed", [0, 3])
@pytest.mark.parametrize(
    ("labels", "splitter"), [(CLASSES, StratifiedShuffleSplit), (SEVERAL, ShuffleSplit)]
)
def test_a_split_is_scikit_learns(labels, splitter, seed):
    """Stratified by class, or at random where an image may have several labels."""

    def expected(**options):
        y = labels.numpy() if splitter is StratifiedShuffleSplit else None
        return next(splitter(random_state=seed, **options).split(np.zeros(len(labels)), y))

    for found, split in (
        (halves(labels, seed), expected(n_splits=5, test_size=0.5)),
        (hold_out(labels, seed=seed), expected(n_splits=1, test_size=0.2)),
        ((reduced(labels, 30, seed),), expected(n_splits=1, test_size=70)),
    ):
        for mine, theirs in zip(found, split, strict=False):
            np.testing.assert_array_equal(mine, theirs)

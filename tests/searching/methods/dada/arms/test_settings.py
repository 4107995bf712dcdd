"""How many folds there are, and how large, from the number of images and classes."""

import pytest
import torch

from dada.datasets import Dataset, ImageSet
from dada.searching.settings import make_settings


def data(images, classes):
    labels = torch.arange(images) % classes
    pictures = torch.zeros(images, 3, 8, 8, dtype=torch.uint8)
    few = ImageSet(pictures[: 2 * classes], labels[: 2 * classes])
    names = tuple(map(str, range(classes)))
    return Dataset("some", ImageSet(pictures, labels), few, names)


@pytest.mark.parametrize(
    ("size", "classes", "images"),
    [
        ("usual", 2, 125),
        ("usual", 10, 125),
        ("usual", 20, 240),
        ("small", 10, 62),
        ("small", 20, 120),
        ("large", 10, 200),
        ("large", 20, 400),
    ],
)
def test_a_fold_is_so_large_or_has_so_many_images_per_class(size, classes, images):
    chosen = make_settings(fold_size=size, folds=4).resolve(data(6000, classes))
    assert chosen.fold_images == images
    assert chosen.images == 4 * images + 1500
    exact = make_settings(fold_size=size, fold_images=33, folds=4).resolve(data(6000, classes))
    assert exact.fold_images == 33


@pytest.mark.parametrize(
    ("size", "images", "folds"),
    [
        ("usual", 1000, 8),
        ("usual", 450, 6),
        ("usual", 449, 4),
        ("usual", 100, 2),
        ("small", 1000, 8),
        ("small", 296, 8),
        ("small", 295, 6),
        ("large", 480, 4),
    ],
)
def test_few_images_make_fewer_folds_not_ever_smaller_ones(size, images, folds):
    chosen = make_settings(fold_size=size).resolve(data(images, 2))
    assert chosen.folds == folds
    assert chosen.fold_images <= images // folds


def test_the_presets_differ_in_the_size_of_their_folds():
    sizes = {preset: make_settings(preset).fold_size for preset in ("default", "fast", "finetune")}
    assert sizes == {"default": "usual", "fast": "small", "finetune": "large"}
    fast = make_settings("fast").resolve(data(6000, 10))
    usual = make_settings().resolve(data(6000, 10))
    assert fast.folds == usual.folds == 8
    assert fast.epochs == usual.epochs == 40 and 2 * fast.fold_images <= usual.fold_images

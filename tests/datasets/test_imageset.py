import numpy as np
import pytest
import torch

from dada.datasets import Dataset, ImageSet, channel_statistics, even_batches
from dada.errors import UserError


def some(n=6, channels=3, side=8, classes=2):
    images = torch.randint(0, 256, (n, channels, side, side), dtype=torch.uint8)
    return ImageSet(images, torch.arange(n) % classes)


@pytest.mark.parametrize("indices", [[4, 1, 1], np.array([4, 1, 1]), torch.tensor([4, 1, 1])])
def test_subset_takes_indices_in_order(indices):
    images = some()
    part = images.subset(indices)
    assert len(part) == 3
    assert torch.equal(part.images, images.images[[4, 1, 1]])
    assert part.labels.tolist() == [0, 1, 1]


def test_subset_of_nothing_and_by_mask():
    images = some()
    assert len(images.subset([])) == 0
    assert images.subset(images.labels == 1).labels.tolist() == [1, 1, 1]


def test_a_subset_of_everything_takes_no_memory():
    images = some()
    for everything in (range(6), torch.arange(6), torch.ones(6, dtype=torch.bool)):
        assert images.subset(everything) is images
    backwards = images.subset(range(5, -1, -1))
    assert backwards.labels.tolist() == images.labels.flip(0).tolist()


def test_to_the_same_device_copies_nothing():
    images = some()
    assert images.to("cpu").images is images.images


@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [
        (torch.zeros(2, 3, 8, 8), torch.zeros(2).long(), r"images are float32 \(2, 3, 8, 8\)"),
        (torch.zeros(2, 8, 8, 3).byte(), torch.zeros(2).long(), "C 1, 3 or less than H and W"),
        (torch.zeros(2, 0, 8, 8).byte(), torch.zeros(2).long(), "C 1, 3 or less than H and W"),
        (torch.zeros(2, 8, 8).byte(), torch.zeros(2).long(), r"must be uint8 \(N, C, H, W\)"),
        (torch.zeros(2, 3, 8, 8).byte(), torch.zeros(2), r"labels are float32 \(2,\)"),
        (torch.zeros(2, 3, 8, 8).byte(), torch.zeros(2, 1).long(), r"must be int64 \(N,\)"),
        (torch.zeros(2, 3, 8, 8).byte(), torch.zeros(3).long(), "2 images but 3 labels"),
    ],
)
def test_wrong_tensors_are_refused(images, labels, message):
    with pytest.raises(UserError, match=message):
        ImageSet(images, labels)


def test_dataset_properties():
    dataset = Dataset("x", some(channels=1), some(2, channels=1), ("a", "b"))
    assert (dataset.channels, dataset.side) == (1, (8, 8))
    assert dataset.flip and dataset.skipped == dataset.notes == ()


@pytest.mark.parametrize(
    ("test", "classes", "message"),
    [
        (some(side=9), ("a", "b"), "8x8 with 3 channels but test images are 9x9 with 3 channels"),
        (some(channels=1), ("a", "b"), "8x8 with 1 channel: must be the same"),
        (some(), ("a",), "labels are 0 to 1 for 1 classes: must be 0 to 0"),
        (some().subset([]), ("a", "b"), "no test images"),
        (
            ImageSet(some().images, torch.zeros(len(some()), 2)),
            ("a", "b"),
            "have one label per image but test images several labels per image",
        ),
    ],
)
def test_sets_that_do_not_fit_are_refused(test, classes, message):
    with pytest.raises(UserError, match=message):
        Dataset("x", some(), test, classes)


@pytest.mark.parametrize("channels", [1, 2, 3, 5])
def test_channel_statistics_are_those_of_the_scaled_images(channels, monkeypatch):
    monkeypatch.setattr("dada.datasets.imageset._CHUNK", 3)
    images = some(10, channels, 7).images
    mean, std = channel_statistics(images)
    scaled = images.double() / 255
    np.testing.assert_allclose(mean, scaled.mean((0, 2, 3)), rtol=1e-12)
    np.testing.assert_allclose(std, scaled.std((0, 2, 3), unbiased=False), rtol=1e-12)


def test_flat_images_have_a_deviation_of_one_level():
    mean, std = channel_statistics(torch.full((2, 1, 4, 4), 51, dtype=torch.uint8))
    assert mean == pytest.approx((0.2,)) and std == pytest.approx((1 / 255,))


def test_statistics_of_no_images_are_refused():
    with pytest.raises(ValueError, match="must be uint8"):
        channel_statistics(torch.zeros(0, 3, 8, 8, dtype=torch.uint8))


@pytest.mark.parametrize(
    ("count", "size", "lengths"),
    [(2000, 128, [125] * 16), (10, 4, [4, 3, 3]), (3, 2, [3]), (2, 64, [2]), (5, 2, [3, 2])],
)
def test_batches_of_an_epoch_are_alike_and_lose_nothing(count, size, lengths):
    batches = even_batches(torch.arange(count), size)
    assert [len(b) for b in batches] == lengths
    assert torch.cat(batches).tolist() == list(range(count))

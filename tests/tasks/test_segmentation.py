import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn.functional import cross_entropy

from dada.augment import Motion, Sampler, apply
from dada.datasets import ImageSet
from dada.errors import UserError
from dada.policy import Operation, Policy, SubPolicy
from dada.searching.score import calibrated, guess
from dada.tasks import Segmentation, task_of
from dada.tasks.segmentation import pixel_cross_entropy

TASK = Segmentation()
GENERATOR = torch.Generator().manual_seed(0)
LABELS = torch.randint(4, (6, 10, 12), dtype=torch.uint8, generator=GENERATOR)
LABELS[0, :5], LABELS[1, 2:4, 3:9] = 255, 255
LOGITS = torch.randn(6, 4, 10, 12, generator=GENERATOR)


def test_the_loss_is_the_mean_over_the_pixels_that_count():
    found = TASK.loss(LABELS)(LOGITS, LABELS)
    for logits, labels, loss in zip(LOGITS, LABELS, found, strict=True):
        counts = labels != 255
        rows = logits.permute(1, 2, 0)[counts]
        torch.testing.assert_close(loss, cross_entropy(rows, labels[counts].long()))


def test_an_image_of_which_nothing_counts_costs_nothing_and_teaches_nothing():
    labels = LABELS.clone()
    labels[2] = 255
    logits = LOGITS.clone().requires_grad_()
    losses = TASK.loss(labels)(logits, labels)
    losses.sum().backward()
    assert losses[2] == 0 and not logits.grad[2].any()
    assert losses[3] > 0 and logits.grad[3].any()
    assert not logits.grad[0, :, :5].any() and logits.grad[0, :, 5:].all()
    assert TASK.accuracy(LOGITS, labels)[2] == 1


def test_balance_makes_all_classes_count_alike():
    labels = LABELS.clone()
    labels[labels == 3] = 2
    found = TASK.loss(labels, balance=True, smoothing=0.1)(LOGITS, labels)
    assert found.shape == (6,) and found.isfinite().all()
    sure = torch.zeros(6, 4, 10, 12)
    counts = labels[labels != 255].long().bincount(minlength=4)
    each = TASK.loss(labels, balance=True)(sure, labels) / np.log(4)
    weighted = each * (labels != 255).flatten(1).sum(1)
    assert weighted.sum() == pytest.approx(counts.sum().item(), rel=1e-5)


def test_the_accuracy_is_the_share_of_right_pixels_that_count():
    found = TASK.accuracy(LOGITS, LABELS).tolist()
    for logits, labels, share in zip(LOGITS.numpy(), LABELS.numpy(), found, strict=True):
        counts = labels != 255
        assert share == pytest.approx((logits.argmax(0) == labels)[counts].mean())


def test_the_prior_is_how_many_pixels_each_class_has():
    counts = LABELS[LABELS != 255].long().bincount(minlength=5).double() + 1
    found = TASK.prior(LABELS, 5, 3)
    assert found.shape == (3, 5, 10, 12)
    share = found[2, :, 7, 1].double().softmax(0)
    torch.testing.assert_close(share, counts / counts.sum(), rtol=1e-5, atol=0)
    best = calibrated(pixel_cross_entropy, [(TASK.prior(LABELS, 4, 6), LABELS)])
    assert guess(pixel_cross_entropy, LABELS, LABELS, 4) == pytest.approx(best - 9.2 / 6)


def test_what_comes_from_outside_does_not_count():
    left = torch.tensor([[[1.0, 0, 4, 0, 1, 0]]], dtype=torch.float64).expand(6, 1, 6)
    moved = TASK.moved(LABELS, left, (10, 12))
    assert torch.equal(moved[:, :, :8], LABELS[:, :, 4:]) and (moved[:, :, 8:] == 255).all()
    assert torch.equal(TASK.moved(LABELS, left[:, :0], (10, 12)), LABELS)


@pytest.mark.parametrize("name", ["Cutout", "Invert"])
def test_what_is_hidden_or_recoloured_keeps_its_label(name):
    motion, policy = Motion(6), Policy((SubPolicy((Operation(name, 1.0, 0.9),)),))
    images = torch.full((6, 3, 10, 12), 200, dtype=torch.uint8)
    assert not torch.equal(apply(images, Sampler(policy)(6), motion), images)
    assert torch.equal(TASK.moved(LABELS, motion.maps, (10, 12)), LABELS)


@pytest.mark.parametrize("size", [(5, 6), (7, 5), (20, 24)])
def test_a_mask_is_resized_to_its_nearest_pixels_as_pillow_does(size):
    found = TASK.resized(LABELS, size)
    for mask, result in zip(LABELS.numpy(), found.numpy(), strict=True):
        picture = Image.fromarray(mask).resize(size[::-1], Image.Resampling.NEAREST)
        np.testing.assert_array_equal(result, np.array(picture))


def test_masks_are_told_by_shape_and_type():
    assert isinstance(task_of(LABELS), Segmentation)
    assert task_of(LABELS.numpy()) is task_of(LABELS)
    with pytest.raises(UserError, match=r"labels are int64 \(6, 10, 12\): must be"):
        task_of(LABELS.long())
    with pytest.raises(UserError, match="images are 8 × 8 pixels but masks 12 × 10"):
        ImageSet(torch.zeros(6, 3, 8, 8, dtype=torch.uint8), LABELS)


def test_a_pixel_without_a_class_is_refused():
    TASK.check(LABELS, 4, "set: test labels")
    TASK.check(torch.full((1, 2, 2), 255, dtype=torch.uint8), 1, "set: test labels")
    with pytest.raises(UserError, match="set: test labels: a pixel has class 3 of 3: must be 0 to"):
        TASK.check(LABELS, 3, "set: test labels")


def test_masks_are_drawn_over_their_images():
    images = torch.full((6, 1, 10, 12), 100, dtype=torch.uint8)
    shown = TASK.drawn(images, LABELS)
    plain = (LABELS == 0) | (LABELS == 255)
    assert shown.shape == (6, 3, 10, 12) and shown.dtype == torch.uint8
    assert (shown.permute(0, 2, 3, 1)[plain] == 100).all()
    tints = {
        tuple(shown.permute(0, 2, 3, 1)[c == LABELS].unique(dim=0)[0].tolist()) for c in (1, 2, 3)
    }
    assert len(tints) == 3

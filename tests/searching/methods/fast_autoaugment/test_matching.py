"""The reward of a set, against a loop over images and sub-policies by Pillow and NumPy."""

import numpy as np
import pytest
import torch
from PIL import Image, ImageEnhance, ImageOps
from torch import nn
from torch.nn.functional import cross_entropy

from dada.augment import Pipeline
from dada.datasets import ImageSet
from dada.models.child import Child
from dada.policy import Operation, Policy, Scale, SubPolicy
from dada.searching.methods.fast_autoaugment.matching import match

SCALE = Scale("paper")
CPU = torch.device("cpu")
PLAIN = Pipeline(mean=(0.4, 0.5, 0.6), std=(0.2, 0.3, 0.25), padding=0, flip=False)


def images_of(count, seed=0):
    generator = torch.Generator().manual_seed(seed)
    pixels = torch.randint(256, (count, 3, 6, 6), generator=generator, dtype=torch.uint8)
    return ImageSet(pixels, torch.randint(4, (count,), generator=generator))


def child_of(network):
    def loss(logits, labels):
        return cross_entropy(logits, labels, reduction="none")

    return Child(network, CPU, torch.float32, loss)


def linear():
    torch.manual_seed(1)
    return nn.Sequential(nn.Flatten(), nn.Linear(108, 4))


def always(*operations):
    return SubPolicy(tuple(Operation(name, 1.0, magnitude) for name, magnitude in operations))


# What the paper's ranges make of these magnitudes, by Pillow.
SETS = {
    always(("Invert", 0.0), ("Solarize", 0.5)): lambda image: ImageOps.solarize(
        ImageOps.invert(image), 128
    ),
    always(("Posterize", 0.5), ("AutoContrast", 0.0)): lambda image: ImageOps.autocontrast(
        ImageOps.posterize(image, 6)
    ),
    always(("Brightness", 1.0), ("Equalize", 0.0)): lambda image: ImageOps.equalize(
        ImageEnhance.Brightness(image).enhance(1.9)
    ),
}


def by_hand(network, images, after):
    """Mean of the least loss and of whether any answer is right, image by image."""
    weight, bias = (p.detach().double().numpy() for p in network[1].parameters())
    losses, right = [], []
    for pixels, label in zip(images.images, images.labels.tolist(), strict=True):
        image = Image.fromarray(pixels.permute(1, 2, 0).numpy())
        each, answers = [], []
        for change in after:
            seen = (np.asarray(change(image)) / 255 - PLAIN.mean) / PLAIN.std
            logits = weight @ seen.transpose(2, 0, 1).ravel() + bias
            each.append(np.log(np.exp(logits - logits[label]).sum()))
            answers.append(logits.argmax() == label)
        losses.append(min(each))
        right.append(any(answers))
    return np.mean(losses), np.mean(right)


@pytest.mark.parametrize("chosen", [(0,), (0, 1), (0, 1, 2)])
@pytest.mark.parametrize("count", [1, 40])
def test_each_image_counts_with_its_best_view(chosen, count):
    network, images = linear(), images_of(count)
    subs = [list(SETS)[number] for number in chosen]
    views = [Policy((sub,), SCALE) for sub in subs]
    found = match(child_of(network), images, PLAIN, views, torch.Generator())
    expected = by_hand(network, images, [SETS[sub] for sub in subs])
    assert found == pytest.approx(expected, abs=1e-5)


def test_batches_change_nothing(monkeypatch):
    network, images = linear(), images_of(40)
    views = [Policy((sub,), SCALE) for sub in SETS]
    found = []
    for size in (3, 21, 512):
        monkeypatch.setattr(
            "dada.searching.methods.fast_autoaugment.matching.test_batch", lambda *_, s=size: s
        )
        found.append(match(child_of(network), images, PLAIN, views, torch.Generator()))
    assert found[1] == pytest.approx(found[0]) and found[2] == pytest.approx(found[0])


class Seen(nn.Module):
    """Keeps what it is shown."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))

    def forward(self, images):
        self.images = images
        return torch.zeros(len(images), 4)


def shown(views, pipeline, images, seed=0):
    """(views, B, C, H, W): what the network saw."""
    child = child_of(Seen())
    match(child, images, pipeline, views, torch.Generator().manual_seed(seed))
    return child.model.images.unflatten(0, (len(views), -1))


def test_each_view_has_a_crop_and_a_flip_of_its_own():
    images = images_of(30)
    moved = Pipeline(mean=PLAIN.mean, std=PLAIN.std, padding=2, flip=True)
    first, second = shown([Policy.none()] * 2, moved, images)
    assert (first != second).flatten(1).any(1).sum() > 20
    still = shown([Policy.none()] * 2, PLAIN, images)
    assert torch.equal(still[0], still[1])


def test_what_follows_the_policy_is_in_the_view():
    cutout = Pipeline(mean=PLAIN.mean, std=PLAIN.std, padding=0, flip=False, cutout=4)
    (seen,) = shown([Policy.none()], cutout, images_of(30))
    blank = (seen == 0).all(1).flatten(1).sum(1)
    assert blank.min() >= 4 and blank.max() == 16


def test_views_that_are_drawn_miss_a_sub_policy_now_and_then():
    """Statistical, as in the published code: of two views of a policy with two sub-policies, half
    are alike; within 4 standard errors."""
    invert = Policy((always(("Invert", 0.0)), Policy.none().sub_policies[0]), SCALE)
    first, second = shown([invert] * 2, PLAIN, images_of(500))
    alike = (first == second).flatten(1).all(1).float().mean().item()
    assert abs(alike - 0.5) < 4 * 0.5 / 500**0.5

"""Transforms of the user's own: seeded image by image, the same for all views of an image."""

import random

import numpy as np
import pytest
import torch
from torchvision.transforms import v2

from dada.augment import Pipeline
from dada.augment.own import OwnTransform, draw_own
from dada.errors import UserError


def noise(count=6, channels=3):
    generator = torch.Generator().manual_seed(0)
    return torch.randint(256, (count, channels, 9, 8), dtype=torch.uint8, generator=generator)


def of_three_generators(image):
    """Adds what PyTorch, NumPy and `random` draw."""
    drawn = int(torch.randint(80, ())) + np.random.randint(80) + random.randrange(80)
    return (image.int() + drawn).clamp(0, 255).to(torch.uint8)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def pipeline(**options):
    return Pipeline((0.5,) * 3, (0.2,) * 3, padding=2, **options)


def test_each_image_is_what_its_seed_gives():
    transform = v2.RandomRotation(40)
    images, own = noise(), draw_own("before", transform, 6, generator())
    for image, seed, result in zip(images, own.seeds, own(images), strict=True):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(int(seed))
            assert torch.equal(result, transform(image))


def test_it_does_the_same_however_often_and_whatever_was_drawn_before():
    own = draw_own("after", of_three_generators, 6, generator())
    first = own(noise())
    torch.rand(3), np.random.rand(3), random.random()
    assert torch.equal(own(noise()), first)
    other = draw_own("after", of_three_generators, 6, generator(1))
    assert not torch.equal(other(noise()), first)
    shifts = {int(shift) for shift in (first.int() - noise().int()).flatten(1).max(1).values}
    assert len(shifts) == 6, "every image has randomness of its own"


def test_the_global_generators_are_left_alone():
    states = torch.get_rng_state(), np.random.get_state()[1].copy(), random.getstate()
    draw_own("after", of_three_generators, 6, generator())(noise())
    assert torch.equal(torch.get_rng_state(), states[0])
    assert np.array_equal(np.random.get_state()[1], states[1])
    assert random.getstate() == states[2]


def test_transforms_that_work_in_place_leave_the_images_as_they_are():
    images = noise()
    blank = OwnTransform(lambda image: image.zero_(), torch.zeros(6, dtype=torch.int64), "before")
    assert not blank(images).any() and torch.equal(images, noise())


@pytest.mark.parametrize(
    ("transform", "got"),
    [
        (lambda image: image.float(), r"float32 \(3, 9, 8\)"),
        (lambda image: image[:, 1:], r"uint8 \(3, 8, 8\)"),
        (v2.ToPILImage(), "Image"),
        (lambda image: None, "NoneType"),
    ],
)
def test_what_gives_something_else_is_named(transform, got):
    with pytest.raises(UserError, match=rf"^after: returned {got} for uint8 \(3, 9, 8\): must"):
        draw_own("after", transform, 6, generator())(noise())


# In the pipeline


def test_before_sees_images_that_are_cropped_and_flipped():
    cropped = pipeline().before_policy(noise(), generator())
    both = pipeline(before=lambda image: 255 - image).before_policy(noise(), generator())
    assert torch.equal(both, 255 - cropped)


def test_after_comes_before_jitter_and_normalisation_and_is_one_for_all_views():
    plain, own = pipeline(jitter=0.4), pipeline(jitter=0.4, after=of_three_generators)
    twice = noise().repeat(2, 1, 1, 1)
    drawn = draw_own("after", of_three_generators, 6, generator())
    rest = generator()
    draw_own("after", of_three_generators, 6, rest)  # the seeds are drawn first
    expected = plain.after_policy(6, rest)(drawn(noise()))
    views = own.after_policy(6, generator(), views=2)(twice).split(6)
    assert torch.equal(views[0], expected) and torch.equal(views[1], expected)


def test_without_transforms_nothing_is_drawn_for_them():
    state = generator()
    before = state.get_state()
    pipeline().after_policy(6, state)
    assert torch.equal(state.get_state(), before)

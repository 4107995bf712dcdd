"""Rewards of several batches as those of one."""

import torch

from dada.bilevel import Rewards, exact_rewards


def test_joined_rewards_are_those_of_the_parts_one_after_the_other(problem):
    parts = [
        exact_rewards(problem.losses, problem.weights, problem.direction, images, True)
        for images in (problem.images, problem.images.flip(0))
    ]
    joined = Rewards.join(iter(parts))
    assert torch.equal(joined.value, torch.cat([parts[0].value, parts[1].value]))
    images = [part.image_gradient for part in parts]
    assert torch.equal(joined.image_gradient, torch.cat(images))


def test_a_single_part_is_joined_to_itself():
    joined = Rewards.join([Rewards(torch.arange(3.0))])
    assert joined.value.tolist() == [0, 1, 2] and joined.image_gradient is None

"""What stands where the policy stands in the pipeline: a policy, or a method without search."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torchvision.transforms import v2

from dada.augment import Sampler, apply
from dada.policy import Policy, SearchSpace

Augment = Callable[[Tensor, torch.Generator], Tensor]


@dataclass(frozen=True)
class Method:
    """A named way to augment: uint8 (B, C, H, W) and a CPU generator in, uint8 out."""

    name: str
    augment: Augment


def policy_method(policy: Policy, name: str | None = None) -> Method:
    """A policy, with a draw of its own for every image."""
    sampler = Sampler(policy)
    return Method(
        name or policy.name,
        lambda images, generator: apply(images, sampler(len(images), generator)),
    )


def torchvision_method(name: str, transform: v2.Transform) -> Method:
    """A torchvision transform, image by image: it has one draw for a whole batch otherwise."""

    def augment(images: Tensor, generator: torch.Generator) -> Tensor:
        seed = int(torch.randint(2**62, (), generator=generator))
        with torch.random.fork_rng(devices=[]):  # torchvision draws from the global generator
            torch.manual_seed(seed)
            return torch.stack([transform(image) for image in images.cpu()]).to(images.device)

    return Method(name, augment)


def without_search(space: SearchSpace) -> list[Method]:
    """The methods that a searched policy must beat."""
    return [
        torchvision_method("RandAugment", v2.RandAugment()),
        torchvision_method("TrivialAugment", v2.TrivialAugmentWide()),
        policy_method(space.uniform("uniform policy")),
    ]


BASELINE = Method("crop and flip", lambda images, generator: images)

"""What augments images in the pipeline: a policy, or a method without search."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torchvision.transforms import v2

from dada.augment import Motion, Sampler, apply
from dada.augment.loader import Augment
from dada.augment.words import around
from dada.errors import UserError, listed
from dada.names import WITHOUT_SEARCH
from dada.policy import AnyPolicy, Policy, Scale, SearchSpace, as_policy
from dada.policy.trivial import trivial_augment


@dataclass(frozen=True)
class PerEpoch:
    """An augmentation that may change from epoch to epoch.

    Attributes:
        at: the epoch, from 0, and their number, to the augmentation of that epoch.
    """

    at: Callable[[int, int], Augment]


def of_epoch(augment: Augment | PerEpoch, epoch: int, epochs: int) -> Augment:
    """The augmentation of an epoch: the one place where it is decided.

    Args:
        epoch: from 0.
        epochs: length of the training.
    """
    return augment.at(epoch, epochs) if isinstance(augment, PerEpoch) else augment


@dataclass(frozen=True)
class Method:
    """A named way to augment.

    Attributes:
        name: its name in tables and messages.
        augment: the function, or the one of each epoch.
        policy: the policy behind it, if there is one.
        cutout: side in pixels of a Cutout that belongs to the method; 0 for none.
        given: what the user called the policy, which must beat the methods without search; None for
            such a method.
    """

    name: str
    augment: Augment | PerEpoch
    policy: AnyPolicy | None = None
    cutout: int = 0
    given: str | None = None

    @property
    def is_none(self) -> bool:
        """Whether no image changes: a training under it has the bits of one under `BASELINE`."""
        nothing = self.augment is unchanged if self.policy is None else self.policy.is_none
        return nothing and not self.cutout

    def at(self, epoch: int, epochs: int) -> Augment:
        """The function of an epoch, from 0, of a training of so many."""
        return of_epoch(self.augment, epoch, epochs)


def policy_method(policy: AnyPolicy, name: str | None = None) -> Method:
    """A policy, with one draw per image, or the policy of each epoch."""
    return Method(name or policy.name, PerEpoch(_UnderPolicy(policy)), policy)


class _UnderPolicy:
    """The policy of an epoch, at work. Workers are sent it, which no closure can be."""

    def __init__(self, policy: AnyPolicy) -> None:
        self._policy = policy
        self._latest: tuple[Policy, Augment] | None = None

    def __call__(self, epoch: int, epochs: int) -> Augment:
        """If the policy changes no image, the baseline's augmentation, so that training under it
        gives the same bits."""
        now = self._policy.at(epoch, epochs)
        if self._latest is None or self._latest[0] is not now:
            self._latest = now, unchanged if now.is_none else _Sampled(Sampler(now))
        return self._latest[1]


@dataclass(frozen=True)
class _Sampled:
    """One draw per image."""

    sampler: Sampler

    def __call__(
        self, images: Tensor, generator: torch.Generator, motion: Motion | None = None
    ) -> Tensor:
        return apply(images, self.sampler(len(images), generator), motion)


def unchanged(images: Tensor, generator: torch.Generator, motion: Motion | None = None) -> Tensor:
    """The images as they are; no random number is drawn."""
    return images


def torchvision_method(name: str, transform: v2.Transform) -> Method:
    """A torchvision transform, applied per image, as it would make one draw for a whole batch.

    torchvision's operations handle only grey and RGB, so the channels of any other image are
    transformed as grey images, with the same draw. It does not say what it moved, so it is refused
    where labels move with the pixels.
    """
    return Method(name, _OfTorchvision(name, transform))


@dataclass(frozen=True)
class _OfTorchvision:
    name: str
    transform: v2.Transform

    def __call__(
        self, images: Tensor, generator: torch.Generator, motion: Motion | None = None
    ) -> Tensor:
        if motion is not None:
            raise UserError(f"torchvision's {self.name} does not move labels with the pixels")
        seed = int(torch.randint(2**62, (), generator=generator))
        with torch.random.fork_rng(devices=[]):  # torchvision draws from the global generator
            torch.manual_seed(seed)
            return torch.stack([self._one(image) for image in images.cpu()]).to(images.device)

    def _one(self, image: Tensor) -> Tensor:
        if len(image) in (1, 3):
            return self.transform(image)
        return self.transform(image[:, None])[:, 0]


def space_for(channels: int, scale: Scale | None = None) -> SearchSpace:
    """The space of the uniform policy: operations that can change images with this many channels.

    Args:
        scale: of magnitudes; None is strengths.
    """
    return SearchSpace(scale=scale or Scale("strength")).for_channels(channels)


def without_search(space: SearchSpace, moves: bool = False) -> list[Method]:
    """The methods that a searched policy must beat, in the order of their names.

    Args:
        space: the search space of the uniform policy.
        moves: whether labels move with the pixels. Then TrivialAugment is a policy of the space's
            operations, and there is no RandAugment, as torchvision's do not say what they moved.
    """
    if moves:
        return [
            policy_method(trivial_augment(space.operations)),
            policy_method(space.uniform("uniform policy")),
        ]
    return [
        torchvision_method("RandAugment", v2.RandAugment()),
        torchvision_method("TrivialAugment", v2.TrivialAugmentWide()),
        policy_method(space.uniform("uniform policy")),
    ]


BASELINE = Method("crop and flip", unchanged)


def plain_rows(settings: Mapping[str, Any], side: tuple[int, int]) -> list[Method]:
    """The rows without a policy: what surrounds one, and the same with the usual Cutout.

    Args:
        settings: complete ones, for `around`; with a Cutout there is no second row.
        side: height and width of the images, in pixels.
    """
    rows = [replace(BASELINE, name=around(settings))]
    cutout = usual_cutout(side)
    if cutout and not settings["cutout"]:
        rows.append(replace(BASELINE, name=around({**settings, "cutout": cutout}), cutout=cutout))
    return rows


def usual_cutout(side: tuple[int, int]) -> int:
    """Side of the usual Cutout: half the shorter side, as on CIFAR-10 (16 of 32); 0 for none.

    It would leave little of images below 24 pixels, and there is no usual size for photographs
    above 64.
    """
    return min(side) // 2 if min(side) >= 24 and max(side) <= 64 else 0


def method(given: str | Path | AnyPolicy, space: SearchSpace, moves: bool = False) -> Method:
    """The method that the user names: "none", a method without search, or a policy.

    Args:
        given: "none", "randaugment", "trivialaugment", "uniform"; else a published name, a policy
            file, a run folder or a policy.
        space: the search space of the "uniform" policy.
        moves: as for `without_search`.

    Raises:
        UserError: there is no such method or policy, or it does not move labels with the pixels.
    """
    if given == "none":
        return BASELINE
    if given in WITHOUT_SEARCH:
        methods = without_search(space, moves)
        names = WITHOUT_SEARCH[-len(methods) :]
        if given not in names:
            raise UserError(
                f"policy {given}: does not move boxes and masks with the pixels; {listed(names)} do"
            )
        return methods[names.index(str(given))]
    return policy_method(as_policy(given))

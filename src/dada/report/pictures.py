"""Rows of pictures for a page: images as they are, and as a policy changes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from dada.augment import Motion, Pipeline, Sampler, apply
from dada.policy import Policy
from dada.report import sheet
from dada.report.numbers import percent

_ROWS = 8


@dataclass(frozen=True)
class Strip:
    """A row of pictures.

    Attributes:
        label: its name.
        images: each as a data URI.
        words: what was done to them, one string per operation.
    """

    label: str
    images: Sequence[str]
    words: Sequence[str] = ()


def leading(images: Tensor, policy: Policy, seed: int, labels: Tensor | None = None) -> list[Strip]:
    """The originals, and a row for each of the leading sub-policies, always applied.

    Args:
        images: uint8 (N, C, H, W).
        policy: a policy with at least one sub-policy.
        seed: for strengths, signs and places.
        labels: of the images, to be drawn where they have moved; None for none.
    """
    rows = [_strip("Originals", sheet.labelled(images, labels))]
    total = sum(s.weight for s in policy.sub_policies)
    for number, sub_policy in enumerate(policy.leading()[:_ROWS]):
        motion, generator = Motion(len(images)), sheet.row_generator(seed, number)
        shown = sheet.augmented(images, policy, sub_policy, generator, motion)
        shown = sheet.labelled(shown, labels, motion)
        words = [w.replace("(p ", "(p\N{NO-BREAK SPACE}") for w in policy.in_words(sub_policy)]
        rows.append(_strip(percent(sub_policy.weight / total), shown, words))
    return rows


def epochs(
    images: Tensor,
    policies: Mapping[str, Policy],
    settings: Mapping[str, Any],
    seed: int,
    labels: Tensor | None = None,
) -> list[Strip]:
    """The originals, and the same images as a training sees them in several epochs.

    Args:
        images: uint8 (N, C, H, W).
        policies: of each epoch by its label, applied with their probabilities.
        settings: what surrounds it: mean, std, padding, flip, cutout, crop, …
        seed: for everything that is drawn.
        labels: of the images, to be drawn where they have moved; None for none.
    """
    rows = [_strip("Originals", sheet.labelled(images, labels))]
    mean, std = (torch.tensor(settings[name])[:, None, None] for name in ("mean", "std"))
    pipeline = Pipeline(
        mean=settings["mean"],
        std=settings["std"],
        padding=settings["padding"],
        flip=settings["flip"],
        cutout=settings.get("cutout", 0),
        crop=settings.get("crop", "padded"),
        size=(images.shape[2], images.shape[3]),
        jitter=settings.get("jitter", 0.0),
        lighting=settings.get("lighting", 0.0),
    )
    for number, (label, policy) in enumerate(policies.items()):
        motion, generator = Motion(len(images)), sheet.row_generator(seed, number)
        seen = pipeline.before_policy(images, generator, motion)
        seen = apply(seen, Sampler(policy)(len(seen), generator), motion)
        seen = pipeline.finish(seen, generator)
        shown = (255 * (seen * std + mean)).round().clamp(0, 255).byte()
        rows.append(_strip(label, sheet.labelled(shown, labels, motion)))
    return rows


def _strip(label: str, images: Tensor, words: Sequence[str] = ()) -> Strip:
    return Strip(label, [sheet.data_uri(image) for image in images], words)

"""The pipeline around the policy, from settings."""

from __future__ import annotations

from dada.augment import Pipeline
from dada.training.hooks import NO_HOOKS, UserHooks
from dada.training.network import ResolvedNetwork


def pipeline_for(
    settings: ResolvedNetwork, size: tuple[int, int], hooks: UserHooks = NO_HOOKS
) -> Pipeline:
    """The pipeline that the settings describe.

    Args:
        size: height and width of the images, in pixels.
        hooks: the user's transforms, before and after the policy.

    Raises:
        UserError: a transform does not give an image of the same shape and type.
    """
    hooks.try_transforms((len(settings.mean), *size))
    return Pipeline(
        mean=settings.mean,
        std=settings.std,
        padding=settings.padding,
        flip=settings.flip,
        cutout=settings.cutout,
        crop=settings.crop,
        size=size,
        jitter=settings.jitter,
        lighting=settings.lighting,
        before=hooks.before,
        after=hooks.after,
    )

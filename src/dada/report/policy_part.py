"""A policy's part of a page: its operations, its sub-policies and what they do to images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dada.augment.words import around
from dada.policy import AnyPolicy, Policy, PolicySchedule
from dada.policy.words import describe_operation
from dada.report.numbers import percent
from dada.report.operations import Gains, operation_rows
from dada.report.pictures import Strip, epochs, leading
from dada.report.samples import load_labels, load_samples
from dada.report.sheet import shown_in_words
from dada.report.stages import StageTable, shown_epochs, stage_table
from dada.runs import RunFolder

_EPOCHS = ("First epoch", "Second epoch", "Third epoch")
_PIPELINE = ("mean", "std", "padding", "flip")


@dataclass(frozen=True, kw_only=True)
class PolicyPart:
    """A policy on a page.

    Attributes:
        title: the heading.
        none: whether it changes nothing.
        stages: the table of a schedule's stages; None for a policy.
        operations: rows of the table of operations; of a schedule, only those that were measured.
        gains: what was measured of them, if it was.
        sub_policies: of a policy, most frequent first, with operations in real units.
        random: whether strengths are drawn anew for each image.
        around: what surrounds the policy in training, in words; empty if it is unknown.
        training: images as a training sees them in several epochs.
        leading: images under the leading sub-policies.
        shown: which channels the pictures show; empty if they show all.
        small: whether pictures are enlarged without blur.
    """

    title: str
    none: bool
    stages: StageTable | None
    operations: Sequence[dict[str, Any]]
    gains: Gains | None
    sub_policies: Sequence[dict[str, Any]]
    random: bool
    around: str
    training: Sequence[Strip]
    leading: Sequence[Strip]
    shown: str
    small: bool


def policy_part(
    run: RunFolder, policy: AnyPolicy, *, title: str, seed: int = 0, gains: Gains | None = None
) -> PolicyPart:
    """The part of a page; without pictures if the run has none, or for no augmentation.

    Args:
        run: provides the images and the pipeline.
        policy: the policy or schedule.
        title: as in `PolicyPart`.
        seed: for what is random in the pictures.
        gains: what a search measured of its operations.
    """
    images = None if policy.is_none else load_samples(run)
    labels = None if images is None else load_labels(run)
    settings = run.config["settings"]
    whole = all(name in settings for name in _PIPELINE)
    if isinstance(policy, PolicySchedule):
        # A table of sub-policies would have hundreds of rows for each stage.
        fixed, stages, shown = Policy.none(), stage_table(policy), shown_epochs(policy)
    else:
        fixed, stages, shown = policy, None, dict.fromkeys(_EPOCHS, policy)
    return PolicyPart(
        title=title,
        none=policy.is_none,
        stages=stages,
        operations=operation_rows(fixed, gains),
        gains=gains,
        sub_policies=[] if fixed.is_none else sub_policy_rows(fixed),
        random=any(o.spread for s in fixed.sub_policies for o in s.operations),
        around=around(settings) if whole else "",
        training=epochs(images, shown, settings, seed, labels)
        if images is not None and whole
        else [],
        leading=leading(images, fixed, seed, labels)
        if images is not None and not fixed.is_none
        else [],
        shown=shown_in_words(images.shape[1]) if images is not None else "",
        small=images is not None and max(images.shape[2:]) < 64,
    )


def policy_parts(run: RunFolder, policies: Mapping[str, AnyPolicy]) -> list[PolicyPart]:
    """A part for each policy, under its name."""
    return [policy_part(run, policy, title=name) for name, policy in policies.items()]


def sub_policy_rows(policy: Policy) -> list[dict[str, Any]]:
    """Rows of the table of sub-policies, most frequent first, with operations in real units."""
    total = sum(s.weight for s in policy.sub_policies)
    most = max(s.weight for s in policy.sub_policies)
    return [
        {
            "weight": percent(sub_policy.weight / total),
            "bar": round(100 * sub_policy.weight / most, 1),
            "operations": [
                {
                    "name": operation.name,
                    "probability": percent(operation.probability, 0),
                    "strength": describe_operation(policy.scale, operation).strip(),
                }
                for operation in sub_policy.operations
            ],
        }
        for sub_policy in policy.leading()
    ]

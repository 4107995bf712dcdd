"""What the page of a search by arms shows, from the records of its rounds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy import stats

from dada.report.chart import Chart, Effects, Lines, Row, Series
from dada.report.operations import Gain, Gains
from dada.searching.methods.dada.arms.records import (
    Names,
    Records,
    probabilities_of,
    rewards_of,
    shares_of,
)
from dada.searching.rounds import NONE, trainings_in_words


def charts(settings: Mapping[str, Any], names: Names, records: Records) -> list[Chart]:
    """The charts of the rounds so far.

    Args:
        settings: those of the search.
        names: the operations of each sub-policy.
        records: those of the rounds, in order.
    """
    tried = [(probabilities_of(record, names), record["trials"]) for record in records]
    rounds = [(chances, trials) for chances, trials in tried if chances is not None]
    found: list[Chart] = [_effects(settings, names, records), *_contrasts(records)]
    if rounds:
        found.append(_probabilities(rounds[0][0], [trials for _, trials in rounds], records[-1]))
    return found


def summary(settings: Mapping[str, Any], start: Mapping[str, Any], records: Records) -> str:
    """See `SearchMethod.summary`."""
    return (
        f"{trainings_in_words(settings, start, records)}: preset {settings['preset']}, "
        f"seed {settings['seed']}."
    )


def gains(records: Records) -> Gains | None:
    """What operations gain over no augmentation; None for an older run, which did not try that."""
    findings = records[-1].get("findings")
    if not findings:
        return None
    freedom = findings["noise"]["degrees_of_freedom"]
    return Gains(
        heading="Gain over none",
        caption="Gain over none: how much lower the loss on held-out images is with the "
        "operation alone, applied to half of the images, than without augmentation; ± half of a "
        "95\N{NO-BREAK SPACE}% interval. Grey: not more than noise.",
        by_name={
            name: Gain(found["effect"], _half_width(found["standard_error"], freedom))
            for name, found in findings["operations"].items()
        },
        notes=findings["notes"],
    )


def _half_width(error: float | None, freedom: float) -> float | None:
    return error * float(stats.t.ppf(0.975, freedom)) if error else None


def _effects(settings: Mapping[str, Any], names: Names, records: Records) -> Effects:
    after, against = "one without augmentation", NONE
    if NONE not in records[0]["trials"]:  # of an older release
        after, against = "the others' of the same round (mean)", "the round's mean"
    rewards = rewards_of(records, names)
    shares = shares_of(records[-1]["weights"], names)
    rows = [
        Row(
            name=name,
            points=[100 * value for value in values],
            mean=100 * float(np.mean(values)),
            side=f"{100 * shares[name]:.0f} %",
        )
        for name, values in rewards.items()
    ]
    return Effects(
        title="The effect of each operation",
        caption="How much lower the loss on held-out images is after a training with the "
        f"operation on half of the images than after {after}. Strokes: {_repeats(settings)}. "
        "Right: how often the policy chooses it. What differs from one to the next is noise, and "
        "counts for less.",
        x_label=f"validation loss saved, % (against {against})",
        rows=sorted(rows, key=lambda row: -row.mean),
    )


def _repeats(settings: Mapping[str, Any]) -> str:
    """What a stroke of the charts is."""
    if "folds" in settings:
        return "folds of the images"
    return "rounds, which take the two halves of the images in turn"  # until 0.3


def _contrasts(records: Records) -> list[Effects]:
    """Whether weak or strong is better, if arms were either."""
    findings = records[-1].get("findings") or {}
    if not findings.get("contrasts"):
        return []
    found = {
        name: operation
        for name, operation in findings["operations"].items()
        if operation["contrast"] is not None
    }
    rows = [
        Row(
            name=name,
            points=[],
            mean=100 * operation["contrast"],
            side=f"{100 * operation['strong']:.0f} %",
        )
        for name, operation in found.items()
    ]
    known, limit = findings["contrasts"]["reliability"], findings["contrasts"]["reliability_limit"]
    sure = (
        ""
        if known is None
        else f" Reliability over pairs of folds: {known:.2f}; at least {limit:.2f} (90 %)."
    )
    return [
        Effects(
            title="Weak or strong",
            caption="How much lower the loss on held-out images is with the operation in the "
            "strong half of its range than with all of it; below 0, weak is better. Right: how "
            f"often the policy's magnitude is in the strong half.{sure}",
            x_label="validation loss saved by the strong half, %",
            rows=sorted(rows, key=lambda row: -row.mean),
        )
    ]


def _probabilities(
    tried: Sequence[float], rounds: Sequence[Mapping[str, Any]], last: Mapping[str, Any]
) -> Lines:
    """The losses at each probability; those of rivals, which follow in each round, are level."""
    losses = [[trial["loss"] for trial in trials.values()] for trials in rounds]
    means = np.mean(losses, axis=0).tolist()
    own, rivals = means[: len(tried)], list(zip(rounds[0], means, strict=True))[len(tried) :]
    return Lines(
        title="How often to apply it",
        caption="The same loss when the policy's operations are applied with several "
        f"probabilities, 0 being none: thin, by round; thick, their mean. {_chosen(last)}",
        x=[100 * probability for probability in tried],
        x_label="probability of an operation, %",
        y_label="validation loss",
        series=[
            *(Series(faint=True, y=values[: len(tried)]) for values in losses),
            Series(marked=True, y=own, label="the found policy" if rivals else ""),
            *(Series(y=[mean] * len(tried), label=name) for name, mean in rivals),
        ],
    )


def _chosen(last: Mapping[str, Any]) -> str:
    found = (last.get("findings") or {}).get("probability") or {}
    if found.get("rival"):
        return f"The answer is {found['rival']}, which is better at any probability."
    share = max(map(max, last["probabilities"]))
    if share == 0:
        return "No probability lowers the loss by more than noise does, so the answer is none."
    return f"The policy applies its operations with a probability of {share:.0%}."

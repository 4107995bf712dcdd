"""What the report of an AutoAugment search shows, from records alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from dada.report.chart import Chart, Lines, Panel, Panels, Series
from dada.report.numbers import capitalised
from dada.searching.method import Names, Records, policies_in_words
from dada.searching.rounds import NONE, trainings_in_words


def space_in_words(settings: Mapping[str, Any], names: Names) -> str:
    """See `SearchMethod.space_in_words`."""
    return policies_in_words(settings["size"], names)


def summary(settings: Mapping[str, Any], start: Mapping[str, Any], records: Records) -> str:
    """See `SearchMethod.summary`."""
    return (
        f"{trainings_in_words(settings, start, records)}: method {settings['method']}, "
        f"seed {settings['seed']}. {capitalised(records[-1]['findings']['said'])}."
    )


def charts(settings: Mapping[str, Any], names: Names, records: Records) -> list[Chart]:
    """See `SearchMethod.charts`."""
    return [_rewards(settings, records), _entropy(records), _operations(records)]


def _rewards(settings: Mapping[str, Any], records: Records) -> Lines:
    """The accuracy of each child, beside what it is compared with."""
    rewards: list[float] = []
    baselines: list[float] = []
    without: list[float] = []
    for record in records:
        children = [trial["accuracy"] for n, trial in record["trials"].items() if n != NONE]
        rewards += children
        baselines += [record["baseline"]] * len(children)
        without += [record["trials"][NONE]["accuracy"]] * len(children)
    most = settings["best"]
    best = [float(np.mean(sorted(rewards[:n])[-most:])) for n in range(1, len(rewards) + 1)]
    shown = ((best, f"best {most}"), (baselines, "baseline"), (without, NONE))
    return Lines(
        title="The reward of each child",
        caption="Thin: the accuracy, on images that were not trained on, of a network trained "
        "under each child's policy. The controller learns from how far it is above the baseline, "
        f"a moving average of the children before. The found policy is the best {most} together. "
        f"“{NONE}” is one training per batch of children.",
        x=list(range(1, len(rewards) + 1)),
        x_label="child",
        y_label="accuracy, %",
        series=[
            Series(faint=True, y=[100 * value for value in rewards]),
            *(Series(y=[100 * value for value in y], label=label) for y, label in shown),
        ],
    )


def _entropy(records: Records) -> Lines:
    """How undecided the controller is."""
    return Lines(
        title="How undecided the controller is",
        caption="The entropy of its decisions, in per cent of that of even chances. While it is "
        "near 100, children are random policies.",
        x=[record["epoch"] for record in records],
        x_label="batch of children",
        y_label="entropy, % of the largest",
        series=[Series(y=[100 * record["controller"]["entropy"] for record in records])],
    )


def _operations(records: Records) -> Panels:
    """How likely the controller chooses each operation."""
    shares = {
        name: [100 * record["controller"]["operations"][name] for record in records]
        for name in records[-1]["controller"]["operations"]
    }
    even = 100 / len(shares)
    return Panels(
        title="Which operations the controller likes",
        caption="The mean chance of each operation, after each batch of children; the grey line is "
        "an even chance. Those it likes most come first.",
        x=[record["epoch"] for record in records],
        x_label="batch of children",
        y_label="chance, %",
        panels=[
            Panel(name=name, series=[Series(y=each)])
            for name, each in sorted(shares.items(), key=lambda item: -item[1][-1])
        ],
        reference=even,
        reach=1.0,
    )

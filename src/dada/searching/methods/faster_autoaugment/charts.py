"""What the page of a search by Faster AutoAugment shows, from the records of its epochs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from dada.augment.words import around
from dada.ops import get
from dada.report.chart import Chart, Lines, Panel, Panels, Series
from dada.report.numbers import count, duration, percent
from dada.searching.method import Names, Records, policies_in_words

_LEADING = 5


def charts(settings: Mapping[str, Any], names: Names, records: Records) -> list[Chart]:
    """The charts of the epochs so far; see `SearchMethod.charts`."""
    operations = list(settings["operations"])
    epochs = [record["epoch"] for record in records]
    accuracies = [100 * record["validation_accuracy"] for record in records]

    def values(key: str) -> list[float]:
        return [record[key] for record in records]

    return [
        _shares(epochs, operations, records),
        _strengths(settings["scale"], epochs, operations, records),
        Lines(
            title="The critic",
            caption="Distance: the critic's mean score of original images less that of augmented "
            "ones, which the policy lowers. Penalty: the mean squared difference of the norm of "
            "the critic's slope from 1. Means over the epoch's steps.",
            x=epochs,
            y_label="score",
            series=[
                Series(label="distance", y=values("distance")),
                Series(label="penalty", y=values("penalty")),
            ],
        ),
        Lines(
            title="Classification losses",
            caption="Of the critic's classifier: on original images, from which it learns, and on "
            "augmented ones, from which the policy learns. Means over the epoch's steps.",
            x=epochs,
            y_label="mean loss",
            series=[
                Series(label="original", y=values("train_loss")),
                Series(label="augmented", y=values("validation_loss")),
            ],
        ),
        Lines(
            title="Accuracy on augmented images",
            caption="Of the critic's classifier, which learns from original images; all are "
            "training images, so it is not a test.",
            x=epochs,
            y_label="accuracy, %",
            series=[Series(label=percent(accuracies[-1] / 100), y=accuracies)],
        ),
    ]


def space_in_words(settings: Mapping[str, Any], names: Names) -> str:
    """See `SearchMethod.space_in_words`."""
    return policies_in_words(settings["sub_policies"], names)


def summary(settings: Mapping[str, Any], start: Mapping[str, Any], records: Records) -> str:
    """How the policy was found; see `SearchMethod.summary`."""
    took = duration(sum(record["seconds"] for record in records))
    return (
        f"by Faster AutoAugment, in {count(records[-1]['epoch'], 'epoch')} and {took}: "
        f"seed {settings['seed']}, critic {settings.get('model')} "
        f"({count(start['parameters'], 'parameter')}), {around(settings)} around the policy."
    )


def _shares(epochs: list[int], operations: list[str], records: Records) -> Lines:
    """Of each operation, its mean chance over all slots."""
    shares = 100 * np.array([record["choices"] for record in records], dtype=float).mean((1, 2))
    order = np.argsort(-shares[-1], kind="stable").tolist()
    leading, rest = order[:_LEADING], order[_LEADING:]
    return Lines(
        title="Which operations are chosen",
        caption="The mean weight of each operation over all slots of all sub-policies, which all "
        "begin at random. Dashed: uniform.",
        x=epochs,
        y_label="weight, %",
        series=[
            *(Series(label=operations[o], y=shares[:, o].tolist()) for o in leading),
            *(Series(faint=True, y=shares[:, o].tolist()) for o in rest),
        ],
        reference=100 / len(operations),
    )


def _strengths(scale: str, epochs: list[int], operations: list[str], records: Records) -> Panels:
    """Of each operation, its probability and magnitude, averaged by weight."""
    weights = np.array([record["choices"] for record in records], dtype=float)
    weights = weights / weights.sum((1, 2), keepdims=True)

    def means(key: str, o: int) -> Series:
        learnt = np.array([record[key] for record in records], dtype=float)
        return Series(y=(weights * learnt).sum((1, 2))[:, o].tolist())

    meaning = (
        "0 is no change and 1 the strongest"
        if scale == "strength"
        else "the magnitude runs along the operation's range, and 0.5 is its middle"
    )
    return Panels(
        title="How operations are applied",
        caption="Means over all slots, by the weight of the operation there. Solid: probability. "
        f"Dashed: magnitude, where {meaning}. The scale does not start at 0.",
        x=epochs,
        y_label="probability and magnitude",
        panels=[
            Panel(
                name=name,
                series=[
                    means("probabilities", o),
                    *([means("magnitudes", o)] if get(name).has_magnitude else []),
                ],
            )
            for o, name in enumerate(operations)
        ],
        reference=0.5,
        reach=0.1,
    )

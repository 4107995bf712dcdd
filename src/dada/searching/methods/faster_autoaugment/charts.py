"""What the page of a search by Faster AutoAugment shows, from the records of its epochs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from dada.augment.words import around
from dada.report.chart import Chart, Lines, Panels
from dada.report.numbers import count, duration
from dada.searching import epoch_charts
from dada.searching.method import Names, Records, policies_in_words


def charts(settings: Mapping[str, Any], names: Names, records: Records) -> list[Chart]:
    """The charts of the epochs so far; see `SearchMethod.charts`."""
    operations = list(settings["operations"])
    return [
        _shares(operations, records),
        _strengths(settings["scale"], operations, records),
        epoch_charts.means(
            records,
            {"distance": "distance", "penalty": "penalty"},
            title="The critic",
            caption="Distance: the critic's mean score of original images less that of augmented "
            "ones, which the policy lowers. Penalty: the mean squared difference of the norm of "
            "the critic's slope from 1.",
            y_label="score",
        ),
        epoch_charts.means(
            records,
            {"original": "train_loss", "augmented": "validation_loss"},
            title="Classification losses",
            caption="Of the critic's classifier: on original images, from which it learns, and on "
            "augmented ones, from which the policy learns.",
            y_label="mean loss",
        ),
        epoch_charts.accuracy(
            records,
            title="Accuracy on augmented images",
            caption="Of the critic's classifier, which learns from original images; all are "
            "training images, so it is not a test.",
            y_label="accuracy, %",
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


def _shares(operations: list[str], records: Records) -> Lines:
    """Of each operation, its mean chance over all slots."""
    return epoch_charts.leading(
        records,
        operations,
        100 * np.array([record["choices"] for record in records], dtype=float).mean((1, 2)),
        title="Which operations are chosen",
        caption="The mean weight of each operation over all slots of all sub-policies, which all "
        "begin at random. Dashed: uniform.",
        y_label="weight, %",
    )


def _strengths(scale: str, operations: list[str], records: Records) -> Panels:
    """Of each operation, its probability and magnitude, averaged by weight."""
    weights = np.array([record["choices"] for record in records], dtype=float)
    weights = weights / weights.sum((1, 2), keepdims=True)

    def history(key: str, name: str) -> list[float]:
        learnt = np.array([record[key] for record in records], dtype=float)
        found: list[float] = (weights * learnt).sum((1, 2))[:, operations.index(name)].tolist()
        return found

    over = "all slots, by the weight of the operation there"
    return epoch_charts.strengths(records, operations, history, over=over, scale=scale)

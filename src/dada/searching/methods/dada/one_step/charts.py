"""What the page of a search by DADA shows, from the records of its epochs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from dada.augment.words import around
from dada.report.chart import Chart, Lines, Panels
from dada.report.numbers import count, duration
from dada.searching import epoch_charts
from dada.searching.method import Names, Records
from dada.tasks.metric import VALIDATION_ACCURACY


def charts(settings: Mapping[str, Any], names: Names, records: Records) -> list[Chart]:
    """The charts of the epochs so far.

    Args:
        settings: those of the search; their `scale` says what a magnitude is.
        names: the operations of each sub-policy.
        records: those of the epochs, in order.
    """
    return [
        _weights(names, records),
        _operations(settings["scale"], names, records),
        epoch_charts.means(
            records,
            {"training": "train_loss", "validation": "validation_loss"},
            title="Losses",
            caption="Training: on augmented images. Validation: on each step's validation "
            "images, after its look-ahead.",
            y_label="mean loss",
        ),
        epoch_charts.accuracy(
            records,
            title="Accuracy of the child network",
            caption="On the validation half of the search's images. The search chooses the policy "
            "by these, so it is not a test of the policy.",
            y_label=VALIDATION_ACCURACY.heading,
        ),
    ]


def summary(settings: Mapping[str, Any], start: Mapping[str, Any], records: Records) -> str:
    """See `SearchMethod.summary`."""
    took = duration(sum(record["seconds"] for record in records))
    return (
        f"in {count(records[-1]['epoch'], 'epoch')} and {took}: preset {settings['preset']}, "
        f"estimator {settings['estimator']}, seed {settings['seed']}, child network "
        f"{settings.get('model')} ({count(start['parameters'], 'parameter')}), "
        f"{around(settings)} around the policy."
    )


def _weights(names: Names, records: Records) -> Lines:
    return epoch_charts.leading(
        records,
        ["\n+ ".join(operations) for operations in names],
        100 * np.array([record["weights"] for record in records], dtype=float),
        title="Which sub-policies are chosen",
        caption=f"Selection weights of all {len(names)} sub-policies; the leading ones by name. "
        f"Dashed: uniform. {_concentration(records[-1].get('entropy'), len(names))}",
        y_label="selection weight, %",
    )


def _concentration(entropy: float | None, size: int) -> str:
    if entropy is None:
        return ""
    alike = f"{math.exp(entropy):.0f} of {size}"
    return f"At the end they are as concentrated as if {alike} were chosen equally often."


def _operations(scale: str, names: Names, records: Records) -> Panels:
    places: dict[str, list[tuple[int, int]]] = {}
    for s, operations in enumerate(names):
        for k, name in enumerate(operations):
            places.setdefault(name, []).append((s, k))

    def history(key: str, name: str) -> list[float]:
        return [float(np.mean([r[key][s][k] for s, k in places[name]])) for r in records]

    over = "the sub-policies with that operation"
    return epoch_charts.strengths(records, places, history, over=over, scale=scale)

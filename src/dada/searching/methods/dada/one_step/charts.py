"""What the page of a search by DADA shows, from the records of its epochs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from dada.augment.words import around
from dada.ops import get
from dada.report.chart import Chart, Lines, Panel, Panels, Series
from dada.report.numbers import count, duration, percent
from dada.searching.method import Names, Records
from dada.tasks.metric import VALIDATION_ACCURACY

_LEADING = 5


def charts(settings: Mapping[str, Any], names: Names, records: Records) -> list[Chart]:
    """The charts of the epochs so far.

    Args:
        settings: those of the search; their `scale` says what a magnitude is.
        names: the operations of each sub-policy.
        records: those of the epochs, in order.
    """
    epochs = [record["epoch"] for record in records]
    accuracies = [100 * record["validation_accuracy"] for record in records]
    return [
        _weights(epochs, names, records),
        _operations(settings["scale"], epochs, names, records),
        Lines(
            title="Losses",
            caption="Training: on augmented images. Validation: on each step's validation "
            "images, after its look-ahead. Means over the epoch's steps.",
            x=epochs,
            y_label="mean loss",
            series=[
                Series(label="training", y=[r["train_loss"] for r in records]),
                Series(label="validation", y=[r["validation_loss"] for r in records]),
            ],
        ),
        Lines(
            title="Accuracy of the child network",
            caption="On the validation half of the search's images. The search chooses the policy "
            "by these, so it is not a test of the policy.",
            x=epochs,
            y_label=VALIDATION_ACCURACY.heading,
            series=[Series(label=percent(accuracies[-1] / 100), y=accuracies)],
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


def _weights(epochs: Sequence[int], names: Names, records: Records) -> Lines:
    weights = 100 * np.array([record["weights"] for record in records], dtype=float)
    order = np.argsort(-weights[-1], kind="stable").tolist()
    leading, rest = order[:_LEADING], order[_LEADING:]
    return Lines(
        title="Which sub-policies are chosen",
        caption=f"Selection weights of all {len(names)} sub-policies; the leading ones by name. "
        f"Dashed: uniform. {_concentration(records[-1].get('entropy'), len(names))}",
        x=epochs,
        y_label="selection weight, %",
        series=[
            *(Series(label="\n+ ".join(names[s]), y=weights[:, s].tolist()) for s in leading),
            *(Series(faint=True, y=weights[:, s].tolist()) for s in rest),
        ],
        reference=100 / len(names),
    )


def _concentration(entropy: float | None, size: int) -> str:
    if entropy is None:
        return ""
    alike = f"{math.exp(entropy):.0f} of {size}"
    return f"At the end they are as concentrated as if {alike} were chosen equally often."


def _operations(scale: str, epochs: Sequence[int], names: Names, records: Records) -> Panels:
    meaning = (
        "0 is no change and 1 the strongest"
        if scale == "strength"
        else "the magnitude runs along the operation's range, and 0.5 is its middle"
    )
    return Panels(
        title="How operations are applied",
        caption="Means over the sub-policies with that operation. Solid: probability. Dashed: "
        f"magnitude, where {meaning}. The scale does not start at 0.",
        x=epochs,
        y_label="probability and magnitude",
        panels=[Panel(name=n, series=s) for n, s in histories(names, records).items()],
        reference=0.5,
        reach=0.1,
    )


def histories(names: Names, records: Records) -> dict[str, list[Series]]:
    """For each operation, its mean probability and (if it has one) magnitude in each epoch."""
    places: dict[str, list[tuple[int, int]]] = {}
    for s, operations in enumerate(names):
        for k, name in enumerate(operations):
            places.setdefault(name, []).append((s, k))

    def means(key: str, name: str) -> Series:
        return Series(y=[float(np.mean([r[key][s][k] for s, k in places[name]])) for r in records])

    return {
        name: [
            means("probabilities", name),
            *([means("magnitudes", name)] if get(name).has_magnitude else []),
        ]
        for name in places
    }

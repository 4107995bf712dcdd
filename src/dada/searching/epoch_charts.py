"""Charts of the epochs of a single network: what the methods have in common that train one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np

from dada.ops import get
from dada.report.chart import Lines, Panel, Panels, Series
from dada.report.numbers import percent
from dada.searching.method import Records

_LEADING = 5


def leading(
    records: Records,
    choices: Sequence[str],
    shares: np.ndarray,
    *,
    title: str,
    caption: str,
    y_label: str,
) -> Lines:
    """How likely each choice is; those that lead at the end by name.

    Args:
        choices: their names.
        shares: (epochs, choices), in per cent.
    """
    order = np.argsort(-shares[-1], kind="stable").tolist()
    return Lines(
        title=title,
        caption=caption,
        x=_epochs(records),
        y_label=y_label,
        series=[
            *(Series(label=choices[c], y=shares[:, c].tolist()) for c in order[:_LEADING]),
            *(Series(faint=True, y=shares[:, c].tolist()) for c in order[_LEADING:]),
        ],
        reference=100 / len(choices),
    )


def strengths(
    records: Records,
    operations: Iterable[str],
    history: Callable[[str, str], list[float]],
    *,
    over: str,
    scale: str,
) -> Panels:
    """The probability and, if it has one, the magnitude of each operation.

    Args:
        operations: their names.
        history: of the records' "probabilities" or "magnitudes" and an operation, its value in each
            epoch.
        over: what that is a mean of, for the caption.
        scale: what a magnitude is, as the setting says.
    """
    meaning = (
        "0 is no change and 1 the strongest"
        if scale == "strength"
        else "the magnitude runs along the operation's range, and 0.5 is its middle"
    )

    def of(name: str) -> list[Series]:
        keys = ("probabilities", "magnitudes") if get(name).has_magnitude else ("probabilities",)
        return [Series(y=history(key, name)) for key in keys]

    return Panels(
        title="How operations are applied",
        caption=f"Means over {over}. Solid: probability. Dashed: magnitude, where {meaning}. The "
        "scale does not start at 0.",
        x=_epochs(records),
        y_label="probability and magnitude",
        panels=[Panel(name=name, series=of(name)) for name in operations],
        reference=0.5,
        reach=0.1,
    )


def means(
    records: Records, keys: Mapping[str, str], *, title: str, caption: str, y_label: str
) -> Lines:
    """What the records have as means over an epoch's steps.

    Args:
        keys: of the records, by the labels of the lines.
    """
    return Lines(
        title=title,
        caption=f"{caption} Means over the epoch's steps.",
        x=_epochs(records),
        y_label=y_label,
        series=[Series(label=label, y=[r[key] for r in records]) for label, key in keys.items()],
    )


def accuracy(records: Records, *, title: str, caption: str, y_label: str) -> Lines:
    """The validation accuracy, in per cent."""
    values = [100 * record["validation_accuracy"] for record in records]
    return Lines(
        title=title,
        caption=caption,
        x=_epochs(records),
        y_label=y_label,
        series=[Series(label=percent(values[-1] / 100), y=values)],
    )


def _epochs(records: Records) -> list[int]:
    return [record["epoch"] for record in records]

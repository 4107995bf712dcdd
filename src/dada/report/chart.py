"""Charts as plain data: what was measured, and nothing about how it is drawn.

A chart holds numbers, texts and lists only, so that `dataclasses.asdict` makes JSON of it.
`dada.report.figures` draws any of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class Series:
    """A line.

    Attributes:
        y: one value per x.
        label: its name, shown at its end; empty for none.
        faint: whether it belongs to a background of lines without names.
        marked: whether each point has a dot.
    """

    y: Sequence[float]
    label: str = ""
    faint: bool = False
    marked: bool = False


@dataclass(frozen=True, kw_only=True)
class Lines:
    """Lines over a common x.

    Attributes:
        title: what the chart shows.
        caption: how to read it.
        x, x_label: whole numbers, and what they count.
        y_label: what the values are, with their unit: ``mean loss``, ``test error, %``.
        series: the lines; of those that are not faint, the first five have a colour.
        reference: a value marked by a dashed line.

    Examples:
        >>> from dataclasses import asdict
        >>> loss = Series(y=[2.0, 1.5], label="training")
        >>> chart = Lines(title="Losses", x=[1, 2], y_label="mean loss", series=[loss])
        >>> asdict(chart)["series"]
        [{'y': [2.0, 1.5], 'label': 'training', 'faint': False, 'marked': False}]
    """

    title: str
    x: Sequence[float]
    y_label: str
    series: Sequence[Series]
    caption: str = ""
    x_label: str = "epoch"
    reference: float | None = None
    kind: Literal["lines"] = "lines"


@dataclass(frozen=True, kw_only=True)
class Panel:
    """One of many small charts.

    Attributes:
        name: what it shows.
        series: one or two lines.
    """

    name: str
    series: Sequence[Series]


@dataclass(frozen=True, kw_only=True)
class Panels:
    """Many small charts on one scale, with the reference in its middle.

    Attributes:
        title, caption, x, x_label, y_label: as in `Lines`.
        panels: in reading order.
        reference: the middle of the scale.
        reach: how far the scale extends from it, at least.
    """

    title: str
    x: Sequence[float]
    y_label: str
    panels: Sequence[Panel]
    reference: float
    reach: float
    caption: str = ""
    x_label: str = "epoch"
    kind: Literal["panels"] = "panels"


@dataclass(frozen=True, kw_only=True)
class Row:
    """Repeated measurements of one thing.

    Attributes:
        name: what was measured.
        points: the measurements.
        mean: their mean.
        interval: half-width of the mean's interval, if it has one.
        side: text at the row's end.
        muted: whether the others are compared with it.
    """

    name: str
    points: Sequence[float]
    mean: float
    interval: float | None = None
    side: str = ""
    muted: bool = False


@dataclass(frozen=True, kw_only=True)
class Dots:
    """One row per thing with all its measurements, their mean and its interval.

    Attributes:
        title, caption: as in `Lines`.
        x_label: what is measured, with its unit.
        rows: from top to bottom.
        reference: a value marked by a dashed line.
        least: the smallest possible value, where the axis ends.
    """

    title: str
    x_label: str
    rows: Sequence[Row]
    caption: str = ""
    reference: float | None = None
    least: float | None = None
    kind: Literal["dots"] = "dots"


@dataclass(frozen=True, kw_only=True)
class Effects:
    """One row per thing with its effects, gains to the right and losses to the left of zero.

    Attributes:
        title, caption, x_label, rows: as in `Dots`. Names are short, as they are beside the rows.
    """

    title: str
    x_label: str
    rows: Sequence[Row]
    caption: str = ""
    kind: Literal["effects"] = "effects"


@dataclass(frozen=True, kw_only=True)
class Reliability:
    """How often answers are right, by the probability that they were given, beside the diagonal.

    Attributes:
        title, caption: as in `Lines`.
        confidence: the mean probability of the answers in each bin, in [0, 1].
        accuracy: the share of them that are right, in [0, 1].
        answers: how many they are.
    """

    title: str
    confidence: Sequence[float]
    accuracy: Sequence[float]
    answers: Sequence[int]
    caption: str = ""
    kind: Literal["reliability"] = "reliability"


Chart = Lines | Panels | Dots | Effects | Reliability

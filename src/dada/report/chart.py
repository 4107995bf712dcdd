"""Charts as plain data: what is measured, and nothing of how it is drawn.

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
        y: a value for each x.
        label: its name, which stands at its end; none where it is empty.
        faint: whether it is one of a background that needs no name.
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
        series: of the lines that are not faint five have a colour, the first ones.
        reference: a value that is marked by a dashed line.

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
        name: what it is of.
        series: one or two lines.
    """

    name: str
    series: Sequence[Series]


@dataclass(frozen=True, kw_only=True)
class Panels:
    """Many small charts on one scale, which has the reference in its middle.

    Attributes:
        title, caption, x, x_label, y_label: as in `Lines`.
        panels: in the order in which they are read.
        reference: the middle.
        reach: how far from it the scale goes at least.
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
    """What was measured of one thing, several times.

    Attributes:
        name: of the thing.
        points: the measurements.
        mean: of the points.
        interval: half the width of the mean's interval, if it has one.
        side: what stands at the row's end.
        muted: whether it is what others are compared with.
    """

    name: str
    points: Sequence[float]
    mean: float
    interval: float | None = None
    side: str = ""
    muted: bool = False


@dataclass(frozen=True, kw_only=True)
class Dots:
    """A row per thing with all its measurements, their mean and its interval.

    Attributes:
        title, caption: as in `Lines`.
        x_label: what is measured, with its unit.
        rows: from top to bottom.
        reference: a value that is marked by a dashed line.
        least: the smallest value that there can be; the axis ends there.
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
    """A row per thing with its effects, gains to the right and losses to the left of zero.

    Attributes:
        title, caption, x_label, rows: as in `Dots`. Names are short: they stand beside the rows.
    """

    title: str
    x_label: str
    rows: Sequence[Row]
    caption: str = ""
    kind: Literal["effects"] = "effects"


Chart = Lines | Panels | Dots | Effects

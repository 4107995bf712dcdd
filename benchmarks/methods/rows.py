"""The rows of the table, in the order in which they are run."""

from __future__ import annotations

from argparse import ArgumentTypeError
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from benchmarks.methods.budgets import FACTOR, LENGTHENED, fitted, published
from benchmarks.methods.cost import cost_of
from benchmarks.search_quality.rows import Row
from dada.datasets import Dataset
from dada.errors import UserError

FIXED = ("none", "uniform", "trivialaugment")
PUBLISHED = "published"
DADA: dict[str, dict[str, Any]] = {"dada": {"preset": "default"}, "dada-fast": {"preset": "fast"}}
"""Rows of dada; the cost of the first is the unit of the others."""
REFERENCES = {"dada": "dada", "dada-published": "the published DADA"}
"""Rows whose error others are to reach, and what to call them."""


@dataclass(frozen=True)
class Entry:
    """One row.

    Attributes:
        row: what is trained with.
        method: the search method; empty without a search.
        words: what is done, besides the method.
        cost: child-epochs of a search; 0 without one.
    """

    row: Row
    method: str = ""
    words: str = ""
    cost: float = 0.0


SLOW = ("autoaugment", "pba", "fast_autoaugment")
"""Methods that the paper says DADA is ten times faster than."""
ROWS = (
    *(f"{method}-1" for method in LENGTHENED),
    *(f"{method}-{PUBLISHED}" for method in ("dada", *SLOW, "faster_autoaugment")),
    # Ten times what the published search costs, which is a fiftieth of the default one.
    *(f"{method}-0.19" for method in LENGTHENED),
    *(f"{method}-{times}" for times in (4, 12) for method in SLOW),
)
"""The rows with a search that are run unless others are asked for, in this order."""


def row_name(text: str) -> str:
    """An argument of ``--rows``: METHOD-TIMES or METHOD-published.

    Raises:
        ArgumentTypeError: it is neither.

    Examples:
        >>> row_name("pba-0.25")
        'pba-0.25'
    """
    method, _, kind = text.rpartition("-")
    if (kind == PUBLISHED and method in ("dada", *LENGTHENED)) or (
        method in LENGTHENED and 0 < _number(kind) < 1000
    ):
        return text
    raise ArgumentTypeError(
        f"no row {text!r}: there are dada-{PUBLISHED}, METHOD-{PUBLISHED} and METHOD-TIMES, times "
        f"above 0 and below 1000; the methods are {', '.join(LENGTHENED)}"
    )


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


def entries(data: Dataset, names: Iterable[str]) -> list[Entry]:
    """The rows: those without a search, dada's presets, and others by name.

    Args:
        data: what the first search sees.
        names: of the others (`row_name`), in this order.

    Raises:
        UserError: a library is missing, a method has no published settings, or there are too few
            images for them.
    """
    found = [Entry(Row(name, fixed=name)) for name in FIXED]
    found += [
        _searched(name, "dada", settings, f"preset {settings['preset']}", data)
        for name, settings in DADA.items()
    ]
    equal = found[len(FIXED)].cost
    for name in dict.fromkeys(names):
        method, _, kind = name.rpartition("-")
        if kind == PUBLISHED:
            settings, words = _published(method, data), f"published, 1/{FACTOR} of the images"
        else:
            settings = fitted(method, float(kind) * equal, data)
            words = _words(settings)
        found.append(_searched(name, method, settings, words, data))
    return found


def _published(method: str, data: Dataset) -> dict[str, Any]:
    known = published(data)
    if method not in known:
        raise UserError(f"{method}-{PUBLISHED}: only {', '.join(known)} have published settings")
    if (most := known[method]["images"]) > len(data.train):
        raise UserError(
            f"{method}-{PUBLISHED}: the searches have {len(data.train):,} images each, and it "
            f"takes {most:,}"
        )
    return {**({} if method == "dada" else {"method": method}), **known[method]}


def _searched(name: str, method: str, settings: dict[str, Any], words: str, data: Dataset) -> Entry:
    return Entry(Row(name, settings=settings), method, words, cost_of(settings, data))


def _words(settings: dict[str, Any]) -> str:
    """``folds: 5, trials: 182``; of several values their number."""
    given = {name: value for name, value in settings.items() if name != "method"}
    return ", ".join(
        f"{name}: {len(value) if isinstance(value, tuple) else value}"
        for name, value in given.items()
    )

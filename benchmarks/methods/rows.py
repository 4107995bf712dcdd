"""The rows of the table, in the order in which they are run."""

from __future__ import annotations

from argparse import ArgumentTypeError
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from benchmarks.methods.budgets import FACTOR, fitted, published
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


def kind_of(text: str) -> str | float:
    """What an argument of ``--costs`` describes: a multiple of dada's cost, or "published".

    Raises:
        ArgumentTypeError: neither.

    Examples:
        >>> kind_of("0.25")
        0.25
    """
    if text == PUBLISHED:
        return text
    try:
        times = float(text)
    except ValueError:
        times = 0.0
    if not 0 < times < 1000:
        raise ArgumentTypeError(f"{text!r} is neither a number of times above 0 nor {PUBLISHED!r}")
    return times


def entries(data: Dataset, methods: Iterable[str], kinds: Iterable[str | float]) -> list[Entry]:
    """The rows.

    Args:
        data: what the first search sees.
        methods: besides dada.
        kinds: of each method's rows (`kind_of`), in this order.

    Raises:
        UserError: a library is missing, or there are too few images for the published settings.
    """
    methods = list(methods)
    found = [Entry(Row(name, fixed=name)) for name in FIXED]
    found += [
        _searched(name, "dada", settings, f"preset {settings['preset']}", data)
        for name, settings in DADA.items()
    ]
    equal = found[len(FIXED)].cost
    for kind in kinds:
        if isinstance(kind, str):
            known = published(data)
            most = max(settings["images"] for settings in known.values())
            if most > len(data.train):
                raise UserError(
                    f"--costs {kind}: the searches have {len(data.train):,} images each, and these "
                    f"rows take {most:,}"
                )
            found += [
                _searched(
                    f"{method}-{kind}",
                    method,
                    {**({} if method == "dada" else {"method": method}), **known[method]},
                    f"published, 1/{FACTOR} of the images",
                    data,
                )
                for method in ("dada", *methods)
                if method in known
            ]
            continue
        for method in methods:
            settings = fitted(method, kind * equal, data)
            found.append(_searched(f"{method}-{kind:g}", method, settings, _words(settings), data))
    return found


def _searched(name: str, method: str, settings: dict[str, Any], words: str, data: Dataset) -> Entry:
    return Entry(Row(name, settings=settings), method, words, cost_of(settings, data))


def _words(settings: dict[str, Any]) -> str:
    """``folds: 5, trials: 182``; of several values their number."""
    given = {name: value for name, value in settings.items() if name != "method"}
    return ", ".join(
        f"{name}: {len(value) if isinstance(value, tuple) else value}"
        for name, value in given.items()
    )

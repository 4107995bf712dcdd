"""Means and intervals of numbers that are measured on sets of images, under several searches."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import stats


class Mean(NamedTuple):
    """A mean, and half of its 95 % interval; None if there is a single number."""

    mean: float
    interval: float | None


def crossed(*tables: np.ndarray) -> Mean:
    """The mean of tables whose rows and columns are both random: sets, and searches.

    The variance of a table's mean is (MS_rows + MS_columns − MS_rest) / (n m), at least
    MS_rest / (n m), and degrees of freedom are Satterthwaite's (Scheffé 1959, section 7.4).

    Args:
        tables: (n, m) sets and searches; with one column, Student's interval over the rows. Several
            tables have neither sets nor searches in common and weigh the same.

    Examples:
        >>> crossed(np.array([[1.0], [2.0], [3.0]]))
        Mean(mean=2.0, interval=2.4841377118725954)
    """
    mean = float(np.mean([table.mean() for table in tables]))
    if any(len(table) < 2 for table in tables):
        return Mean(mean, None)
    variances, freedoms = np.array([_variance(table) for table in tables]).T
    total = variances.sum()
    if total == 0:
        return Mean(mean, 0.0)
    freedom = total**2 / (variances**2 / freedoms).sum()
    half = total**0.5 / len(tables) * stats.t.ppf(0.975, freedom)
    return Mean(mean, float(half))


def _variance(table: np.ndarray) -> tuple[float, float]:
    """The variance of a table's mean, and its degrees of freedom."""
    rows, columns = table.shape
    by_row, by_column = table.mean(1), table.mean(0)
    of_rows = columns * by_row.var(ddof=1)
    if columns < 2:
        return of_rows / rows, rows - 1
    of_columns = rows * by_column.var(ddof=1)
    rest = table - by_row[:, None] - by_column + table.mean()
    freedom = (rows - 1) * (columns - 1)
    of_rest = (rest**2).sum() / freedom
    total = of_rows + of_columns - of_rest
    if total <= of_rest:
        return of_rest / table.size, freedom
    shares = of_rows**2 / (rows - 1) + of_columns**2 / (columns - 1) + of_rest**2 / freedom
    return total / table.size, total**2 / shares

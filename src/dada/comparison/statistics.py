"""How certain a mean error, or a difference of errors, is: over seeds and over test images.

Every network is tested on the same images, so seeds and images are crossed. Another seed would have
trained other networks, and another test set would have held other images; an interval for both must
account for both (Owen 2007, "The pigeonhole bootstrap", on why neither may be resampled alone). For
a mean there is a closed form, without resampling: with independent effects of seed, image and both
together, the variance of the mean is

    (MS_seeds + MS_images - MS_both) / (seeds * images)

in terms of the mean squares of the two-way analysis of variance (Cornfield & Tukey 1956), with
degrees of freedom after Satterthwaite (1946).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import stats

LEVEL = 0.95
TINY = 1e-9
"""A sum of differences below this is none: shares of answers are not exact in binary."""
USUAL_DISAGREEMENT = 1 / 7
"""On what share of test images one of two networks is wrong and the other right: on photographs of
waste, of which both got 30 % wrong, 9 to 18 %; on digits (4 %) 3 to 4 %."""
_OF_IMAGES, _OF_SEEDS = 0.25, 0.0003
"""What part of the variance of such differences belongs to the image, whatever the seed, and to the
seed, whatever the image, on the same pictures (0.1 to 0.5; 0 to 0.001); the rest is of both."""


def interval(values: Sequence[float], level: float = LEVEL) -> float | None:
    """Half-width of the interval of the mean over seeds alone (Student's t).

    None for a single value.
    """
    if len(values) < 2:
        return None
    quantile = stats.t.ppf(0.5 + level / 2, len(values) - 1)
    return float(quantile * stats.sem(values))


def half_width(values: np.ndarray, level: float = LEVEL) -> float:
    """Half-width of the interval of the mean over seeds and images.

    Args:
        values: (seeds, images), in [-1, 1]: errors, or differences of errors. A single seed gives
            an interval over images alone.
        level: confidence level.

    Returns:
        At most 1, and at least what this many images can resolve: if all values are equal, how
        often another value may still occur in the population of images (Clopper & Pearson 1934).
    """
    images = values.shape[1]
    least = 1 - (0.5 - level / 2) ** (1 / images)
    if images < 2:
        return 1.0
    variance, freedom = _variance(values)
    quantile = float(stats.t.ppf(0.5 + level / 2, freedom))
    return min(max(quantile * variance**0.5, least), 1.0)


def _variance(values: np.ndarray) -> tuple[float, float]:
    """The variance of the mean over crossed seeds and images, and its degrees of freedom."""
    seeds, images = values.shape
    if seeds == 1:
        return float(values[0].var(ddof=1)) / images, images - 1
    return _pooled(*_mean_squares(values), seeds, images)


def _mean_squares(values: np.ndarray) -> tuple[float, float, float]:
    """Of at least two seeds, of the images, and of both together."""
    seeds, images = values.shape
    mean, by_seed, by_image = values.mean(), values.mean(1), values.mean(0)
    of_seeds = images * float(((by_seed - mean) ** 2).sum()) / (seeds - 1)
    of_images = seeds * float(((by_image - mean) ** 2).sum()) / (images - 1)
    rest = values - by_seed[:, None] - by_image + mean
    return of_seeds, of_images, float((rest**2).sum()) / ((seeds - 1) * (images - 1))


def _pooled(
    of_seeds: float, of_images: float, of_both: float, seeds: int, images: int
) -> tuple[float, float]:
    """The variance of the mean and its degrees of freedom, from the mean squares."""
    total = of_seeds + of_images - of_both
    # Variance components are never negative, though their estimates may be.
    if total <= max(of_seeds, of_images):
        larger = max((of_images, images - 1), (of_seeds, seeds - 1))
        return larger[0] / (seeds * images), larger[1]
    freedom = total**2 / (
        of_seeds**2 / (seeds - 1)
        + of_images**2 / (images - 1)
        + of_both**2 / ((seeds - 1) * (images - 1))
    )
    return total / (seeds * images), freedom


def expected_half_width(
    seeds: int, images: int, disagreement: float = USUAL_DISAGREEMENT, level: float = LEVEL
) -> float:
    """Half-width of the interval of a difference that is to be expected, before it is measured.

    It is `half_width` with each mean square replaced by its expectation in the crossed model, for
    variances that are usual.

    Args:
        seeds, images: how many there will be.
        disagreement: share of test images that one of two networks gets wrong and the other right.
        level: confidence level.

    Examples:
        >>> [round(100 * expected_half_width(n, 600), 1) for n in (3, 5, 10)]
        [2.8, 2.1, 1.8]
    """
    image, seed = _OF_IMAGES * disagreement, _OF_SEEDS * disagreement
    return _expected(seeds, images, seed, image, disagreement - image - seed, level)


def half_width_with(values: np.ndarray, seeds: int, level: float = LEVEL) -> float:
    """The half-width to be expected once there are more seeds, by the variances seen so far.

    Args:
        values: as for `half_width`, of at least two seeds.
        seeds: how many there will be.
        level: confidence level.
    """
    so_far, images = values.shape
    of_seeds, of_images, of_both = _mean_squares(values)
    seed, image = max(0.0, of_seeds - of_both) / images, max(0.0, of_images - of_both) / so_far
    least = 1 - (0.5 - level / 2) ** (1 / images)
    return max(least, _expected(seeds, images, seed, image, of_both, level))


def _expected(
    seeds: int, images: int, seed: float, image: float, both: float, level: float
) -> float:
    """The half-width for these variances of the parts of a difference."""
    if images < 2:
        return 1.0
    if seeds == 1:
        variance, freedom = (image + both) / images, images - 1.0
    else:
        of_seeds, of_images = images * seed + both, seeds * image + both
        variance, freedom = _pooled(of_seeds, of_images, both, seeds, images)
    return min(1.0, float(stats.t.ppf(0.5 + level / 2, max(freedom, 1.0))) * variance**0.5)


def difference(
    values: np.ndarray, others: np.ndarray, level: float = LEVEL
) -> tuple[float, float, int]:
    """The paired difference of two rows of trainings.

    Args:
        values, others: (seeds, images) errors of the same seeds on the same images, in [0, 1].
        level: confidence level.

    Returns:
        Mean difference, half-width of its interval, and the number of images on which the means
        over seeds differ.
    """
    gaps = values - others
    discordant = int(np.count_nonzero(np.abs(gaps.sum(0)) > TINY))
    return float(gaps.mean()), half_width(gaps, level), discordant


def seeds_apart(
    values: Sequence[float], others: Sequence[float], level: float = LEVEL
) -> tuple[float, float | None]:
    """The paired difference of two rows of trainings, and the half-width of its interval over seeds
    alone.

    Args:
        values, others: of the same seeds.
        level: confidence level.
    """
    gaps = [value - other for value, other in zip(values, others, strict=True)]
    return float(np.mean(gaps)), interval(gaps, level)


def summary(values: Sequence[float], baseline: Sequence[float] | None) -> dict[str, Any]:
    """Mean and, against a baseline of the same seeds, the paired difference, with intervals over
    seeds alone: for trainings whose answers per image are unknown, or no part of the metric.

    Args:
        values: of the metric, in [0, 1], one per seed.
        baseline: the baseline's for the same seeds; None for the baseline itself.
    """
    row: dict[str, Any] = {
        "mean": float(np.mean(values)),
        "interval": interval(values),
        "difference": 0.0,
        "difference_interval": None,
    }
    if baseline is not None:
        row["difference"], row["difference_interval"] = seeds_apart(values, baseline)
    return row

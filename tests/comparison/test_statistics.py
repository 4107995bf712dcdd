import numpy as np
import pytest
from scipy import stats

from dada.comparison.statistics import (
    difference,
    expected_half_width,
    half_width,
    interval,
    summary,
)


def crossed(random, seeds, images, of_seed, of_image, of_both):
    """Differences whose true mean is 0, with given standard deviations of their parts."""
    return (
        of_seed * random.standard_normal((seeds, 1))
        + of_image * random.standard_normal((1, images))
        + of_both * random.standard_normal((seeds, images))
    )


@pytest.mark.parametrize(
    "parts", [(0.0, 0.3, 0.3), (0.05, 0.1, 0.3), (0.1, 0.0, 0.3), (0.0, 0.0, 0.3)]
)
@pytest.mark.parametrize("seeds", [3, 10])
def test_ninety_five_of_a_hundred_intervals_hold_the_truth(seeds, parts):
    """Whatever varies: seeds, images or both together. Intervals over seeds alone fail here."""
    random = np.random.default_rng(0)
    trials = [crossed(random, seeds, 200, *parts) for _ in range(600)]
    covered = np.mean([abs(values.mean()) <= half_width(values) for values in trials])
    assert 0.93 <= covered < 1
    if seeds == 10 and parts == (0.0, 0.3, 0.3):
        alone = [abs(v.mean()) <= interval(v.mean(1).tolist()) for v in trials]
        assert np.mean(alone) < 0.6


def test_the_variance_is_that_of_the_crossed_model():
    """Against the parts that the values were made of, in the mean of many."""
    random = np.random.default_rng(1)
    seeds, images, parts = 8, 50, (0.1, 0.4, 0.3)
    expected = parts[0] ** 2 / seeds + parts[1] ** 2 / images + parts[2] ** 2 / (seeds * images)
    found = []
    for _ in range(400):
        values = crossed(random, seeds, images, *parts)
        half = half_width(values)
        # With so many images the degrees of freedom lie between those of seeds and of images.
        assert stats.t.ppf(0.975, images * seeds) < half / expected**0.5 * 3
        found.append(half)
    low, high = (stats.t.ppf(0.975, freedom) * expected**0.5 for freedom in (images, seeds - 1))
    assert low * 0.95 < np.mean(found) < high * 1.05


def test_the_interval_is_that_of_a_pigeonhole_bootstrap():
    """Owen 2007: seeds and images resampled, which overstates the variance by the part of both
    together and the part that resampling so few seeds leaves out."""
    random = np.random.default_rng(2)
    values = (random.random((20, 150)) < random.beta(1, 4, 150)).astype(float)
    means = [
        values[random.integers(20, size=20)][:, random.integers(150, size=150)].mean()
        for _ in range(3000)
    ]
    assert half_width(values) == pytest.approx(1.96 * np.std(means), rel=0.1)


def test_a_single_seed_gives_the_interval_over_images():
    values = np.random.default_rng(3).random((1, 40))
    low, high = stats.t.interval(0.95, 39, values.mean(), stats.sem(values[0]))
    assert half_width(values) == pytest.approx((high - low) / 2)


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_equal_errors_are_not_certain(value):
    """Two seeds with the same error are no proof: so many images cannot tell what is rare."""
    exact = stats.binomtest(0, 60).proportion_ci(0.95).high  # Clopper and Pearson
    assert half_width(np.full((2, 60), value)) == pytest.approx(exact)
    assert half_width(np.full((2, 1), value)) == 1


def test_a_higher_level_is_a_wider_interval():
    values = np.random.default_rng(4).random((4, 30))
    assert half_width(values, 0.99) > half_width(values)


def test_differences_are_paired_by_seed_and_image():
    random = np.random.default_rng(5)
    hard = (random.random((1, 300)) < 0.3).astype(float).repeat(3, 0)  # all fail the same images
    better = hard.copy()
    better[:, np.flatnonzero(hard[0])[:20]] = 0
    mean, half, discordant = difference(better, hard)
    assert mean == pytest.approx(-20 / 300)
    assert discordant == 20
    assert half < half_width(hard) and mean + half < 0
    assert difference(hard, hard)[2] == 0


def test_over_seeds_alone_the_interval_is_students():
    values = [0.10, 0.12, 0.11, 0.15]
    low, high = stats.t.interval(0.95, 3, np.mean(values), stats.sem(values))
    assert interval(values) == pytest.approx((high - low) / 2)
    assert interval([0.1]) is None


def test_over_seeds_alone_differences_are_paired():
    row = summary([0.10, 0.20, 0.30], [0.12, 0.22, 0.32])
    assert row["mean"] == pytest.approx(0.2)
    assert row["difference"] == pytest.approx(-0.02)
    assert row["difference_interval"] == pytest.approx(0, abs=1e-12)
    result = stats.ttest_rel([0.1, 0.2, 0.4], [0.2, 0.2, 0.3])
    low, high = result.confidence_interval(0.95)
    row = summary([0.1, 0.2, 0.4], [0.2, 0.2, 0.3])
    assert row["difference_interval"] == pytest.approx((high - low) / 2)


@pytest.mark.parametrize(("seeds", "images"), [(1, 300), (3, 300), (3, 1000), (10, 600)])
def test_the_interval_to_expect_is_that_of_usual_variances(seeds, images):
    """In the mean of many simulated comparisons; that of three seeds varies much itself."""
    random = np.random.default_rng(6)
    disagreement = 0.2
    parts = [(share * disagreement) ** 0.5 for share in (0.0003, 0.25, 0.7497)]
    found = [half_width(crossed(random, seeds, images, *parts)) for _ in range(300)]
    assert expected_half_width(seeds, images, disagreement) == pytest.approx(
        np.mean(found), rel=0.15
    )

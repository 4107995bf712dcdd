from __future__ import annotations

import re
from xml.etree import ElementTree

import numpy as np
import pytest

from dada.report import figures

from .conftest import PAIRS, make_comparison, make_epoch


def parsed(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg.replace("<svg ", '<svg xmlns:xlink="x" ', 1))


def texts(svg: str) -> str:
    return " ".join(parsed(svg).itertext())


@pytest.mark.parametrize("count", [1, 2, 500])
def test_figures_of_short_and_long_searches(count):
    epochs = [make_epoch(number) for number in range(1, count + 1)]
    numbers = [e["epoch"] for e in epochs]
    weights = figures.weights_figure(numbers, PAIRS, [e["weights"] for e in epochs])
    accuracy = figures.share_figure(
        numbers, [e["validation_accuracy"] for e in epochs], "validation accuracy"
    )
    for svg in (weights, accuracy):
        assert parsed(svg).get("viewBox", "").startswith("0 0 360 ")
        assert len(svg) < 60_000
    assert PAIRS[int(np.argmax(epochs[-1]["weights"]))][0] in texts(weights)


def test_colours_are_the_pages_variables():
    svg = figures.losses_figure([1, 2], {"training": [2, 1], "validation": [3, 2]})
    used = set(re.findall(r"var\(--([a-z0-9]+)\)", svg))
    assert {"c1", "c2", "muted", "line"} <= used <= set(figures.VARIABLES.values())
    assert "#0101" not in svg


def test_text_is_text_and_nothing_from_outside_is_markup():
    comparison = make_comparison()
    comparison["rows"][1]["name"] = "<script>alert(1)</script> $x^2$"
    svg = figures.errors_figure(comparison)
    assert "<script" not in svg
    assert "<script>alert(1)</script> $x^2$" in texts(svg)


def test_one_seed_has_no_interval():
    comparison = make_comparison()
    for row in comparison["rows"]:
        row.update(errors=row["errors"][:1], interval=None, difference_interval=None)
    assert "test error" in texts(figures.errors_figure(comparison))


def test_labels_are_moved_apart_and_keep_their_order():
    places = [0.5, 0.51, 0.9, 0.505]
    moved = figures.spread(places, 0.1)
    assert np.diff(sorted(moved)).min() >= 0.1 - 1e-6
    assert list(np.argsort(moved)) == list(np.argsort(places))
    assert figures.spread([0.1, 0.9], 0.1) == pytest.approx([0.1, 0.9])
    assert figures.spread([1.0, 0.99, 0.98], 0.2) == pytest.approx([1.0, 0.8, 0.6])
    assert figures.spread([0.0, 0.0], 0.2) == pytest.approx([0.0, 0.2])


def test_thinning_keeps_the_ends():
    chosen = figures.thinned(1000, 60)
    assert len(chosen) == 60
    assert (chosen[0], chosen[-1]) == (0, 999)
    assert list(figures.thinned(3)) == [0, 1, 2]


def test_long_names_keep_their_end():
    assert figures.shortened("crop and flip") == "crop and flip"
    assert figures.shortened("policy " + "x" * 100 + "/photos", 10) == "…xx/photos"

from __future__ import annotations

import numpy as np
import pytest

from dada.report.figures.labels import shortened, spread, thinned


def test_labels_are_moved_apart_and_keep_their_order():
    places = [0.5, 0.51, 0.9, 0.505]
    moved = spread(places, 0.1)
    assert np.diff(sorted(moved)).min() >= 0.1 - 1e-6
    assert list(np.argsort(moved)) == list(np.argsort(places))
    assert spread([0.1, 0.9], 0.1) == pytest.approx([0.1, 0.9])
    assert spread([1.0, 0.99, 0.98], 0.2) == pytest.approx([1.0, 0.8, 0.6])
    assert spread([0.0, 0.0], 0.2) == pytest.approx([0.0, 0.2])


def test_thinning_keeps_the_ends():
    chosen = thinned(1000, 60)
    assert len(chosen) == 60
    assert (chosen[0], chosen[-1]) == (0, 999)
    assert list(thinned(3)) == [0, 1, 2]


def test_long_names_keep_their_end():
    assert shortened("crop and flip") == "crop and flip"
    assert shortened("policy " + "x" * 100 + "/photos", 10) == "…xx/photos"

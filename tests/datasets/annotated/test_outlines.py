"""Outlines of objects against pycocotools, which draws COCO's."""

import sys
from pathlib import Path

import numpy as np
import pytest
from pycocotools import mask as cocos

from dada.datasets.annotated.found import Outline
from dada.datasets.annotated.mask_files import nearest
from dada.datasets.annotated.outlines import mask_in
from dada.errors import UserError

OWN = (30, 40)
POLYGONS = [
    [[3.5, 2.0, 30.2, 4.9, 20.1, 25.3]],
    [[0, 0, 10, 0, 10, 10, 0, 10], [20, 20, 39.6, 20, 39.6, 29.7]],
    [[-5, 3, 20, -8, 50, 45]],
]


def outline(shape):
    return Outline(shape, Path("instances.json"), 12)


def drawn(polygons, size):
    return cocos.decode(cocos.merge(cocos.frPyObjects(polygons, *size))) > 0


@pytest.mark.parametrize("polygons", POLYGONS)
def test_polygons_are_cocos(polygons):
    found = mask_in(outline(polygons), OWN, OWN)
    assert found.shape == OWN and found.any() and not found.all()
    np.testing.assert_array_equal(found, drawn(polygons, OWN))


def test_polygons_are_scaled_with_their_image():
    half = [[value / 2 for value in POLYGONS[0][0]]]
    found = mask_in(outline(POLYGONS[0]), OWN, (15, 20))
    np.testing.assert_array_equal(found, drawn(half, (15, 20)))


def runs(mask):
    """Lengths of runs down the columns, the first of zeros."""
    flat, counts, value = mask.T.ravel(), [0], 0
    for pixel in flat.astype(int).tolist():
        if pixel != value:
            counts, value = [*counts, 0], pixel
        counts[-1] += 1
    return counts


@pytest.mark.parametrize("seed", range(4))
def test_run_lengths_plain_and_compressed_are_cocos(seed):
    share = (0.02, 0.5, 0.98, 1.0)[seed]
    size = (300, 400) if share == 0.02 else OWN  # of one pixel in 50, runs take several digits
    mask = np.random.default_rng(seed).random(size) < share
    code = cocos.encode(np.asfortranarray(mask.astype(np.uint8)))
    for counts in (runs(mask), code["counts"].decode()):
        shape = {"size": list(size), "counts": counts}
        np.testing.assert_array_equal(mask_in(outline(shape), size, size), mask)
        small = mask_in(outline(shape), OWN, (15, 20))
        np.testing.assert_array_equal(small, nearest(mask.astype(np.uint8), (15, 20)) > 0)


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ("poly", "must be a list of polygons"),
        ([1, 2, 3, 4, 5, 6], "must be a list of polygons"),
        ([[1, 2, 3, 4]], "has a polygon that is not"),
        ([[1, 2, 3, 4, 5, 6, 7]], "has a polygon that is not"),
        ([[1, 2, 3, 4, 5, "6"]], "has a polygon that is not"),
        ([[1, 2, 3, 4, 5, 10**400]], "has a polygon that is not"),
        ([[1, 2, 3, 4, 5, float("nan")]], "has a polygon that is not"),
        ([[0, 0, 100, 0, 0, 9]], "reaches further beyond its image than"),
        ([[0, 0, 0, -31, 0, 9]], "reaches further beyond its image than"),
        ([[0, 0, 40, 30] * 10_000], "has a polygon longer than"),
        ({"size": [30, 40]}, "has counts that are not run lengths for 1,200 pixels"),
        ({"size": [30, 40], "counts": [1199]}, "has counts that are not"),
        ({"size": [30, 40], "counts": [1201, -1]}, "has counts that are not"),
        ({"size": [30, 40], "counts": [True, 1199]}, "has counts that are not"),
        ({"size": [30, 40], "counts": "o"}, "has counts that are not"),
        ({"size": [30, 40], "counts": "é1"}, "has counts that are not"),
        ({"size": [30, 40], "counts": "o" * 20}, "has counts that are not"),
        ({"size": [30], "counts": [1200]}, r"has size \[30\]: must be"),
        ({"size": [0, 40], "counts": []}, r"has size \[0, 40\]: must be"),
        ({"size": [40, 30], "counts": [1200]}, "is 40x30 pixels, but the image 30x40"),
        ({"size": [10**9, 10**9], "counts": [10**18]}, "is .* pixels: at most 134,217,728 are"),
    ],
)
def test_a_broken_outline_is_named(shape, message):
    with pytest.raises(UserError, match=f"instances.json, annotation 12: segmentation {message}"):
        mask_in(outline(shape), OWN, OWN)


def test_a_missing_library_is_named_with_the_line_that_installs_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "pycocotools.mask", None)
    with pytest.raises(UserError, match=r"polygons needs pycocotools.mask: pip install 'dada-aug"):
        mask_in(outline(POLYGONS[0]), OWN, OWN)

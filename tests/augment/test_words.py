import pytest

from dada.augment.words import around

PADDED = {"crop": "padded", "padding": 4, "flip": True, "cutout": 0, "jitter": 0, "lighting": 0}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "crop and flip"),
        ({"cutout": 16}, "crop, flip and Cutout 16"),
        ({"flip": False}, "crop"),
        ({"padding": 0, "flip": False, "cutout": 9}, "Cutout 9"),
        ({"padding": 0, "flip": False}, "no augmentation"),
        (
            {"crop": "resized", "padding": 28, "jitter": 0.4, "lighting": 0.1},
            "random resized crop, flip, colour jitter 0.4 and lighting 0.1",
        ),
    ],
)
def test_what_surrounds_the_policy_is_named(changes, words):
    assert around(PADDED | changes) == words

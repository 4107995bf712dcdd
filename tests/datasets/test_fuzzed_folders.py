"""Whatever lies in a folder: a set of images, or one clear line."""

from ..torture.folders import campaign


def test_random_trees_are_sets_or_one_line():
    found = campaign(seed=0, count=16)
    assert sum(found.values()) == 16
    assert found["folders loaded"] > 1 and found["folders refused"] > 5

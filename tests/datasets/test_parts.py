"""What the names of parts mean, wherever they stand: folders, splits, columns, arrays."""

from itertools import permutations

import pytest

from dada.datasets.parts import TEST, VALIDATION, part_of, parts_of, roles_of


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("train", "train"),
        ("Train_Set", "train"),
        ("trainset", "train"),
        ("training-images", "training"),
        ("train2017", "train"),
        ("val_images", "val"),
        ("Testing", "testing"),
        ("dev", "dev"),
        ("trains", None),
        ("latest", None),
        ("contest", None),
        ("value", None),
        ("train station", None),
        ("held_out", "holdout"),
        ("hold-out", "holdout"),
        ("VALID", "valid"),
        ("TrainImages", "train"),
        ("evaluation set", "evaluation"),
        ("seg_train", None),
        ("images", None),
        ("dataset", None),
        ("", None),
    ],
)
def test_words_for_parts(name, part):
    assert part_of(name) == part


@pytest.mark.parametrize("name", [*TEST, *VALIDATION])
def test_one_part_beside_the_training_set_is_the_test_set(name):
    names = ("train", name.upper())
    assert roles_of(parts_of(names)) == {"train": "train", name.upper(): "test"}


@pytest.mark.parametrize(
    ("names", "test", "validation"),
    [
        (("val", "test"), "test", "val"),
        (("dev", "testing"), "testing", "dev"),
        (("dev", "eval"), "eval", "dev"),
        (("val2017", "test2017"), "test2017", "val2017"),
        (("holdout", "validation"), "holdout", "validation"),
        (("eval", "test", "valid"), "test", "valid"),
    ],
)
def test_of_several_the_word_decides_and_not_the_order(names, test, validation):
    for order in permutations(("train", *names)):
        roles = roles_of(parts_of(order))
        assert {role: name for name, role in roles.items()} == {
            "train": "train",
            "test": test,
            "validation": validation,
        }

"""TrivialAugment in our operations, against torchvision's."""

import pytest
from torchvision.transforms import v2

from dada.ops import get
from dada.policy import PAPER_OPERATIONS, trivial_augment

SIDE = 224
THEIRS = v2.TrivialAugmentWide()._AUGMENTATION_SPACE
FACTORS = ("Brightness", "Color", "Contrast", "Sharpness")


def policy():
    return trivial_augment(PAPER_OPERATIONS)


def test_operations_are_torchvisions_and_each_is_as_likely():
    names = [s.operations[0].name for s in policy().sub_policies if s.operations[0].probability]
    assert sorted([*names, "Identity"]) == sorted(THEIRS)
    assert policy().weights == pytest.approx([1 / len(THEIRS)] * len(THEIRS))
    *chosen, nothing = (s.operations[0] for s in policy().sub_policies)
    assert {(o.probability, o.magnitude, o.spread) for o in chosen} == {(1.0, 0.5, 1.0)}
    assert nothing.probability == 0


@pytest.mark.parametrize("name", policy().scale.bounds)
def test_strengths_end_where_torchvisions_do(name):
    make, signed = THEIRS[name]
    theirs = make(31, SIDE, SIDE)[-1].item()
    ours = policy().scale.values(get(name), 1.0)
    if name in FACTORS:
        ours = tuple(value - 1 for value in ours)
    if name.startswith("Translate"):
        ours = tuple(SIDE * value for value in ours)
    if name == "Solarize":
        theirs *= 255
    assert max(ours) == pytest.approx(theirs, abs=1e-6)
    assert signed == (min(ours) < 0)


def test_weakest_is_the_identity():
    for name in policy().scale.bounds:
        operation = get(name)
        assert policy().scale.values(operation, 0.0) == (operation.identity,) * 2


def test_operations_that_are_not_there_are_left_out():
    few = trivial_augment(["Rotate", "Cutout"])
    assert [s.operations[0].name for s in few.sub_policies] == ["Rotate", "Rotate"]
    assert few.weights == (0.5, 0.5)

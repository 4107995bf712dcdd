import pickle
from itertools import combinations

import pytest
from pydantic import ValidationError

from dada.errors import UserError
from dada.ops import get
from dada.policy import PAPER_OPERATIONS, Operation, Policy, Scale, SearchSpace, SubPolicy


def test_policies_are_frozen_comparable_and_picklable():
    policy = Policy((SubPolicy((Operation("Rotate", 0.5, 0.5),)),))
    with pytest.raises(AttributeError):
        policy.name = "other"
    assert pickle.loads(pickle.dumps(policy)) == policy


@pytest.mark.parametrize("numbers", [(1.1, 0.5), (0.5, -0.1), (0.5, float("nan"))])
def test_numbers_out_of_range_are_refused(numbers):
    with pytest.raises(ValidationError):
        Operation("Rotate", *numbers)


def test_weights_are_normalised_and_the_leading_come_first():
    rotate = (Operation("Rotate", 0.5, 0.5),)
    policy = Policy((SubPolicy(rotate, 1.0), SubPolicy(rotate, 3.0)))
    assert policy.weights == (0.25, 0.75)
    assert [s.weight for s in policy.leading()] == [3.0, 1.0]
    assert len(policy.top(1).sub_policies) == 1


def test_descriptions_are_in_real_units():
    policy = Policy(
        (
            SubPolicy(
                (
                    Operation("Rotate", 0.57, 0.527467),
                    Operation("TranslateX", 0.5, 0.6),
                    Operation("Posterize", 1.0, 0.3),
                    Operation("Brightness", 1.0, 0.75),
                    Operation("Equalize", 0.25, 0.5),
                )
            ),
        )
    )
    text = policy.describe()
    assert "Rotate ±1.65 degrees (p 0.57)" in text
    assert "0.09 of the width" in text
    assert "5 bits" in text
    assert "1.45" in text
    assert "Equalize (p 0.25)" in text


def test_a_random_magnitude_is_described_as_a_range():
    policy = Policy((SubPolicy((Operation("Rotate", 1.0, 0.5, 1.0),)),), Scale("strength"))
    # The middle 80 % of a uniform magnitude: 0.1 to 0.9 of 30 degrees.
    assert "Rotate ±3 to 27 degrees" in policy.describe()


def test_with_a_side_lengths_are_in_pixels():
    operations = (Operation("TranslateX", 1.0, 0.75), Operation("Cutout", 1.0, 0.5))
    policy = Policy((SubPolicy(operations),))
    assert "TranslateX ±7.2 pixels (p 1.00), then Cutout 3.2 pixels" in policy.describe(side=32)
    upwards = Policy((SubPolicy((Operation("TranslateY", 1.0, 0.75), *operations)),))
    text = upwards.describe(side=(16, 64))  # TranslateY and TranslateX move by 0.225 of each
    assert "TranslateY ±3.6 pixels (p 1.00), then TranslateX ±14 pixels" in text
    assert "Cutout 6.4 pixels" in text


@pytest.mark.parametrize(("side", "words"), [(32, "7.2"), (224, "50"), (1000, "225"), (7, "1.6")])
def test_pixels_are_plain_numbers(side, words):
    policy = Policy((SubPolicy((Operation("TranslateX", 1.0, 0.75),)),))
    assert f"TranslateX ±{words} pixels" in policy.describe(side=side)


def test_a_factor_on_either_side_of_the_identity_names_both():
    policy = Policy((SubPolicy((Operation("Color", 1.0, 0.5),)),), Scale("strength"))
    assert "Color factor 1.45 or 0.55 (p 1.00)" in policy.describe()


def test_the_paper_scale_is_linear_on_the_range_with_mirrored_geometry():
    scale = Scale("paper")
    assert scale.values(get("Rotate"), 0.75) == (15.0, -15.0)
    assert scale.values(get("Brightness"), 0.5) == pytest.approx((1.0, 1.0))
    assert scale.values(get("Solarize"), 1.0) == (256.0, 256.0)


@pytest.mark.parametrize("name", PAPER_OPERATIONS)
def test_zero_strength_is_the_identity_and_one_the_strongest(name):
    kind, scale = get(name), Scale("strength")
    if not kind.has_magnitude:
        return
    assert scale.values(kind, 0.0) == (kind.identity, kind.identity)
    plus, minus = scale.values(kind, 1.0)
    furthest = max(abs(kind.low - kind.identity), abs(kind.high - kind.identity))
    assert abs(plus - kind.identity) == pytest.approx(furthest)
    assert abs(minus - kind.identity) == pytest.approx(furthest)


def test_bounds_replace_the_range():
    scale = Scale("strength", {"Rotate": (-90, 90)})
    assert scale.values(get("Rotate"), 0.5) == (45.0, -45.0)
    with pytest.raises(UserError, match="Rotat"):
        Scale("paper", {"Rotat": (0, 1)})
    with pytest.raises(ValidationError, match="no magnitude"):
        Scale("paper", {"Invert": (0, 1)})
    with pytest.raises(ValidationError, match="finite"):
        Scale("paper", {"Rotate": (0, float("inf"))})


def test_the_papers_space_has_all_105_pairs():
    space = SearchSpace()
    assert space.sub_policies == tuple(combinations(PAPER_OPERATIONS, 2))
    assert len(space.sub_policies) == 105
    assert len(SearchSpace(length=3).sub_policies) == 455


@pytest.mark.parametrize("channels", [1, 2, 5])
def test_images_other_than_rgb_lose_the_operations_that_cannot_change_them(channels):
    space = SearchSpace().for_channels(channels)
    assert set(SearchSpace().operations) - set(space.operations) == {"Color"}
    assert len(space.sub_policies) == 91
    assert SearchSpace().for_channels(3) == SearchSpace()


def test_impossible_spaces_are_refused():
    with pytest.raises(ValidationError, match="twice"):
        SearchSpace(("Rotate", "Rotate"))
    with pytest.raises(ValueError, match="cannot fill"):
        SearchSpace(("Rotate",), 2)
    with pytest.raises(UserError, match="Wobble"):
        SearchSpace(("Rotate", "Wobble"))


def test_the_uniform_policy_draws_everything_alike():
    policy = SearchSpace(scale=Scale("strength")).uniform()
    assert set(policy.weights) == {1 / 105}
    assert {
        (o.probability, o.magnitude, o.spread) for s in policy.sub_policies for o in s.operations
    } == {(0.5, 0.5, 1.0)}


def test_random_policies_are_a_subset_fixed_by_the_seed():
    space = SearchSpace()
    assert space.random(25, 0) == space.random(25, 0) != space.random(25, 1)
    assert len(set(space.random(25, 0).sub_policies)) == 25


def test_a_policy_is_printed_in_words():
    policy = Policy((SubPolicy((Operation("Rotate", 0.5, 1.0),)),), provenance={"seed": 77})
    assert str(policy) == policy.describe() == "100.0%  Rotate ±30 degrees (p 0.50)"
    assert "seed" not in repr(policy)


@pytest.mark.parametrize(
    ("limit", "last"), [(2, "and 1 more sub-policy"), (1, "and 2 more sub-policies")]
)
def test_what_is_not_described_is_counted(limit, last):
    policy = Policy(tuple(SubPolicy((Operation("Rotate", 0.5, m),)) for m in (0.1, 0.5, 1.0)))
    assert policy.describe(limit).endswith(f"\n   ...  {last}")


def test_how_many_images_an_operation_reaches():
    both = SubPolicy((Operation("Rotate", 0.5, 0.5), Operation("Rotate", 0.5, 0.5)), 1.0)
    other = SubPolicy((Operation("Invert", 0.4, 0.5),), 3.0)
    assert Policy((both, other)).reach() == pytest.approx({"Rotate": 0.75 / 4, "Invert": 0.3})

"""Random policies: parts of the uniform one, different ones, by the seed alone."""

from math import comb

import pytest

from dada.errors import UserError
from dada.ops import PAPER_OPERATIONS
from dada.searching.settings import make_settings
from tests.searching.trials import begin


def proposals(digits, **given):
    return begin(digits, **{"method": "random", "operations": None, **given}).proposals()


def test_each_is_a_part_of_the_uniform_policy(digits):
    search = begin(digits, method="random", operations=None)
    uniform = search.problem.space.uniform()
    found = search.proposals()
    assert list(found) == [f"policy {number}" for number in range(1, 17)]
    for policy in found.values():
        assert len(set(policy.sub_policies)) == len(policy.sub_policies) == 25
        assert set(policy.sub_policies) < set(uniform.sub_policies)
        assert policy.scale == uniform.scale
    used = {o.name for p in found.values() for s in p.sub_policies for o in s.operations}
    assert used == set(PAPER_OPERATIONS) - {"Color"}, "digits are grey"


def test_sub_policies_are_drawn_alike(digits):
    """Statistical: each of the 91 pairs within 4 standard errors of 5 in 91, of 1,000 policies."""
    found = proposals(digits, policies=1000, size=5)
    chosen = [s for policy in found.values() for s in policy.sub_policies]
    counts = [chosen.count(s) for s in set(chosen)]
    share = 5 / comb(14, 2)
    assert len(counts) == comb(14, 2)
    error = (len(found) * share * (1 - share)) ** 0.5
    assert max(abs(count - len(found) * share) for count in counts) < 4 * error


def test_the_seed_is_all_that_decides(digits):
    assert proposals(digits) == proposals(digits)
    first, other = (proposals(digits, seed=seed).values() for seed in (0, 1))
    assert not {p.sub_policies for p in first} & {p.sub_policies for p in other}


def test_more_policies_begin_with_the_fewer(digits):
    few, many = (list(proposals(digits, policies=n).values()) for n in (3, 8))
    assert many[:3] == few


def test_equal_ones_are_tried_once(digits):
    """Of 3 sub-policies there are 3 policies of one, and one of all."""
    three = ("Rotate", "Invert", "Brightness")
    assert len(proposals(digits, operations=three)) == 3
    search = begin(digits, method="random", size=3)
    assert len(search.proposals()) == 1 and search.words().startswith("1 candidate, 4 trials")


@pytest.mark.parametrize(("length", "size"), [(1, 7), (2, 25), (3, 25)])
def test_the_usual_size(digits, length, size):
    settings = make_settings(method="random", length=length).resolve(digits)
    assert settings.size == size, "half of the 14 operations, or 25"


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"policies": 0}, "policies: .*greater than or equal to 1"),
        ({"policies": 1001}, "policies: .*less than or equal to 1000"),
        ({"size": 0}, "size: .*greater than or equal to 1"),
        ({"rounds": 21}, "rounds: .*less than or equal to 20"),
        ({"plan": (3,)}, "plan: must be 2 numbers of epochs"),
        ({"length": 3, "operations": ("Rotate", "Invert")}, "sub-policies of 3: at least 3"),
        ({"keep": 3}, "keep has no effect with method random"),
        ({"spread": 0.0}, "spread has no effect with method random"),
        (
            {"kl_weight": 0.1},
            "kl_weight has no effect with method random, only with dada at a horizon above 0",
        ),
    ],
)
def test_what_cannot_be_is_refused_in_a_line_before_anything_is_loaded(wrong, reason):
    with pytest.raises(UserError, match=reason) as caught:
        make_settings(method="random", **wrong)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"size": 4}, r"size: 4: there are 3 sub-policies of 2 of 3 operations$"),
        (
            {"size": 2, "length": 1, "operations": ("Rotate",)},
            r"size: 2: there is 1 sub-policy of 1 of 1 operation$",
        ),
    ],
)
def test_more_sub_policies_than_there_are_is_refused(digits, given, reason):
    with pytest.raises(UserError, match=reason):
        begin(digits, method="random", **given)

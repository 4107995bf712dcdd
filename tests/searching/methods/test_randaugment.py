"""RandAugment's grid: its policies by enumeration, by Pillow, and what cannot be."""

from itertools import combinations, permutations
from math import comb

import numpy as np
import pytest
from PIL import Image, ImageOps

from dada.augment import Sampler
from dada.errors import UserError
from dada.ops import PAPER_OPERATIONS, get
from dada.policy import Scale, SearchSpace, save_policy
from dada.searching.methods.randaugment import randaugment
from dada.searching.settings import make_settings
from tests.searching.trials import begin

FIVE = ("Rotate", "Invert", "Brightness", "Posterize", "Cutout")


@pytest.mark.parametrize("number", [1, 2, 3, 5])
def test_each_choice_of_n_operations_comes_once_always_applied_at_m(number):
    space = SearchSpace(FIVE, 1, Scale("strength", {"Rotate": (-10, 10)}))
    policy = randaugment(space, number, 0.3)
    chosen = [frozenset(o.name for o in s.operations) for s in policy.sub_policies]
    assert sorted(map(sorted, chosen)) == sorted(map(sorted, combinations(FIVE, number)))
    assert policy.weights == pytest.approx([1 / comb(5, number)] * comb(5, number))
    operations = [o for s in policy.sub_policies for o in s.operations]
    assert {(o.probability, o.magnitude, o.spread) for o in operations} == {(1.0, 0.3, 0.0)}
    assert policy.scale == space.scale


@pytest.mark.parametrize("number", [1, 2, 4])
def test_every_image_gets_n_different_operations_of_strength_m(number):
    """Statistical: each choice as often as any other, within 4 standard errors of 4,000 draws."""
    space = SearchSpace(FIVE, 1, Scale("strength"))
    draw = Sampler(randaugment(space, number, 0.7))(count=4000)
    seen = {}
    for row in range(len(draw)):
        choices = draw.choices(row)
        names = [name for name, _, _ in choices]
        assert len(set(names)) == len(names) == number
        for name, value, _ in choices:
            assert any(value == pytest.approx(v) for v in space.scale.values(get(name), 0.7))
        seen[frozenset(names)] = seen.get(frozenset(names), 0) + 1
    share = 1 / comb(5, number)
    assert len(seen) == comb(5, number)
    error = (4000 * share * (1 - share)) ** 0.5
    assert np.abs(np.array(list(seen.values())) - 4000 * share).max() < 4 * error


PILLOW = {
    "Invert": ImageOps.invert,
    "AutoContrast": ImageOps.autocontrast,
    "Equalize": ImageOps.equalize,
    "Posterize": lambda image: ImageOps.posterize(image, 6),  # half way from 8 bits to 4
}


@pytest.mark.parametrize("number", [1, 2])
def test_images_are_what_pillow_makes_of_them(number):
    policy = randaugment(SearchSpace(tuple(PILLOW), 1, Scale("strength")), number, 0.5)
    pixels = np.random.default_rng(0).integers(20, 200, (9, 9, 3), dtype=np.uint8)
    image = Image.fromarray(pixels)

    def after(names):
        made = image
        for name in names:
            made = PILLOW[name](made)
        return made.tobytes()

    expected = {after(names) for names in combinations(PILLOW, number)}
    transform = policy.transform()
    assert {transform(image).tobytes() for _ in range(300)} == expected


def test_the_grid_is_every_pair_of_n_and_m(digits):
    search = begin(digits, method="randaugment", numbers=(1, 3), strengths=(0.25, 1))
    space = search.problem.space
    assert space.length == 3 and len(space.operations) == 3
    assert search.proposals() == {
        f"N={n} M={m:g}": randaugment(space, n, m) for n in (1, 3) for m in (0.25, 1.0)
    }
    usual = begin(digits, method="randaugment", operations=None)
    assert len(usual.proposals()) == 10 and usual.problem.space.length == 2
    used = {
        o.name for p in usual.proposals().values() for s in p.sub_policies for o in s.operations
    }
    assert used == set(PAPER_OPERATIONS) - {"Color"}, "digits are grey"


def test_the_seed_changes_trainings_but_no_candidate(digits):
    first, other = (begin(digits, method="randaugment", seed=seed) for seed in (0, 1))
    assert first.proposals() == other.proposals()
    assert first.seeds != other.seeds


def test_a_policy_file_of_all_pairs_is_small(tmp_path):
    policy = randaugment(SearchSpace(), 2, 0.123456)
    assert len(policy.sub_policies) == 105
    assert save_policy(policy, tmp_path / "policy.json").stat().st_size < 40_000


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"numbers": ()}, "numbers: .*at least 1 item"),
        ({"numbers": (0,)}, "numbers.0: .*greater than or equal to 1"),
        ({"numbers": (5,)}, "numbers.0: .*less than or equal to 4"),
        ({"numbers": 2}, r"numbers: must be a list, such as \[1, 2\] .got 2."),
        ({"strengths": (0.5, 1.1)}, "strengths.1: .*less than or equal to 1"),
        ({"strengths": (float("nan"),)}, "strengths.0"),
        ({"strengths": (0.5, 0.5)}, "strengths: the same number is given twice"),
        ({"numbers": (1, 4), "operations": ("Rotate", "Invert")}, "sub-policies of 4: at least 4"),
        ({"length": 3}, "length has no effect with method randaugment"),
        ({"keep": 3}, "keep has no effect with method randaugment"),
        ({"spread": 0.0}, "spread has no effect with method randaugment"),
        ({"uniform_weights": True}, "uniform_weights has no effect with method randaugment"),
        ({"policies": 3}, "policies has no effect with method randaugment, only with random"),
    ],
)
def test_what_cannot_be_is_refused_in_a_line_before_anything_is_loaded(wrong, reason):
    with pytest.raises(UserError, match=reason) as caught:
        make_settings(method="randaugment", **wrong)
    assert "\n" not in str(caught.value)


def test_too_many_choices_are_refused_before_anything_is_loaded(monkeypatch):
    many = tuple(f"Own{number}" for number in range(30))
    for module in ("policy.space", "policy.sub_policy"):
        monkeypatch.setattr(f"dada.{module}.get", lambda name: get("Invert"))
    with pytest.raises(UserError, match="30 operations make 27,405 sub-policies of 4"):
        make_settings(method="randaugment", operations=many, numbers=(4, 1))


def test_operations_that_grey_images_leave_must_be_enough(digits):
    """Color is left out once the images are known; still nothing has been trained."""
    with pytest.raises(UserError, match="cannot fill sub-policies of 2") as caught:
        begin(digits, method="randaugment", operations=("Color", "Rotate"))
    assert "\n" not in str(caught.value)


def test_the_order_of_operations_is_that_of_the_space():
    """RandAugment draws it; of a policy it is given."""
    policy = randaugment(SearchSpace(FIVE), 2, 0.5)
    orders = {tuple(o.name for o in s.operations) for s in policy.sub_policies}
    assert orders < set(permutations(FIVE, 2)) and orders == set(combinations(FIVE, 2))

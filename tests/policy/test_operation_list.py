import math
from fractions import Fraction
from itertools import permutations, product

import numpy as np
import pytest
from pydantic import ValidationError

from dada.policy import PAPER_OPERATIONS, Operation, OperationList, Policy, Scale

NAMES = PAPER_OPERATIONS[:5]


def listed(chances, **given):
    return OperationList(
        tuple(Operation(n, p, 0.5) for n, p in zip(NAMES, chances, strict=True)), **given
    )


def outcomes(policy):
    """What happens to an image, as names in order, with its chance."""
    found = {}
    for sub_policy, weight in zip(policy.sub_policies, policy.weights, strict=True):
        done = tuple(o.name for o in sub_policy.operations if o.probability)
        assert done not in found and all(o.probability in (0, 1) for o in sub_policy.operations)
        found[done] = weight
    return found


def by_the_algorithm(chances, counts):
    """PBA's loop over every order, every outcome of every operation and every count."""
    found = {}
    for order in permutations(range(len(chances))):
        for says in product((True, False), repeat=len(chances)):
            of_says = math.prod(
                p if yes else 1 - p for p, yes in zip(chances, says, strict=True)
            ) / math.factorial(len(chances))
            for count, chance in enumerate(counts):
                left, done = count, []
                for i in order:
                    if left and says[i]:
                        done.append(NAMES[i])
                        left -= 1
                found[tuple(done)] = found.get(tuple(done), 0.0) + chance * of_says
    return {done: chance for done, chance in found.items() if chance}


@pytest.mark.parametrize(
    ("chances", "counts"),
    [
        ((0.1, 0.9, 0.5, 0.3, 0.7), (0.2, 0.3, 0.5)),
        ((1.0, 0.0, 1.0, 0.5, 0.0), (0.2, 0.3, 0.5)),
        ((1.0, 1.0, 1.0, 1.0, 1.0), (0.0, 0.0, 1.0)),
        ((0.4, 0.4, 0.0, 0.2, 1.0), (0.5, 0.5)),
        ((0.4, 0.4, 0.0, 0.2, 1.0), (1.0,)),
    ],
)
def test_the_distribution_is_that_of_the_published_loop(chances, counts):
    found = outcomes(listed(chances, counts=counts).policy())
    expected = by_the_algorithm(chances, counts)
    assert found.keys() == expected.keys()
    for done, chance in expected.items():
        assert found[done] == pytest.approx(chance, abs=1e-14), done


def symmetric(values):
    """Elementary symmetric polynomials of the values."""
    found = [Fraction(1)]
    for value in values:
        found = [a + value * b for a, b in zip([*found, 0], [0, *found], strict=True)]
    return found


def test_thirty_operations_have_exact_chances():
    """By where the second one stands in the order, in fractions, without any integral."""
    tenths = np.random.default_rng(0).integers(0, 11, 30).tolist()
    operations = tuple(
        Operation(name, tenth / 10, number / 30)  # the magnitude tells the two of a name apart
        for number, (name, tenth) in enumerate(zip(PAPER_OPERATIONS * 2, tenths, strict=True))
    )
    policy = OperationList(operations).policy()
    number = {(o.name, o.magnitude): i for i, o in enumerate(operations)}
    found = {
        tuple(number[o.name, o.magnitude] for o in s.operations if o.probability): w
        for s, w in zip(policy.sub_policies, policy.weights, strict=True)
    }
    p = [Fraction(tenth, 10) for tenth in tenths]
    n = len(p)
    for i, j in [(0, 1), (1, 0), (3, 29), (12, 7), (20, 21)]:
        rest = symmetric([1 - p[k] for k in range(n) if k not in (i, j)])
        missed = sum(
            e / math.comb(n - 2, m) * Fraction(1, n) * Fraction(m + 1, n - 1)
            for m, e in enumerate(rest)
        )
        assert found.get((i, j), 0.0) == pytest.approx(float(p[i] * p[j] * missed / 2), rel=1e-12)
    for i in range(n):
        others = [1 - p[k] for k in range(n) if k != i]
        first = sum(e / math.comb(n - 1, m) / n for m, e in enumerate(symmetric(others)))
        alone = p[i] * (Fraction(3, 10) * first + Fraction(1, 2) * math.prod(others))
        assert found.get((i,), 0.0) == pytest.approx(float(alone), rel=1e-12), i


def test_reach_needs_no_list_of_pairs():
    operations = tuple(Operation(n, 0.1 * i, 0.5) for i, n in enumerate((*NAMES, *NAMES[::-1])))
    chosen = OperationList(operations)
    assert chosen.reach() == pytest.approx(chosen.policy().reach())


def test_a_spread_and_a_scale_are_kept():
    scale = Scale("strength", {"Rotate": (-90, 90)})
    policy = OperationList((Operation("Rotate", 0.5, 0.4, 1.0),), scale=scale).policy("mine")
    assert policy.scale == scale and policy.name == "mine"
    assert policy.sub_policies[0].operations == (Operation("Rotate", 1.0, 0.4, 1.0),)


@pytest.mark.parametrize("given", [((0.0,) * 5, (0.2, 0.3, 0.5)), ((1.0,) * 5, (1.0, 0.0, 0.0))])
def test_a_list_that_does_nothing_is_no_augmentation(given):
    nothing = listed(given[0], counts=given[1])
    assert nothing.is_none and nothing.policy().is_none
    assert not listed((0.0, 0.0, 0.1, 0.0, 0.0)).is_none


def test_the_size_is_bounded():
    one = Operation("Rotate", 1.0, 0.5)
    assert len(OperationList((one,) * 64).policy().sub_policies) <= 64**2 + 1
    with pytest.raises(ValidationError, match="at most 64"):
        OperationList((one,) * 65)
    with pytest.raises(ValidationError):
        OperationList(())


@pytest.mark.parametrize("counts", [(0.5, 0.4), (0.2, 0.3, 0.4, 0.1), (1.2, -0.2), (), (math.nan,)])
def test_counts_that_are_no_chances_are_refused(counts):
    with pytest.raises(ValidationError):
        listed((0.5,) * 5, counts=counts)


def test_rounded_and_printed():
    rough = listed((1 / 3,) * 5)
    assert rough.rounded().operations[0] == Operation("ShearX", 0.333333, 0.5)
    assert repr(rough) == (
        "OperationList(5 operations, counts 0.2, 0.3, 0.5, paper scale: "
        "ShearX, ShearY, TranslateX and 2 more)"
    )
    assert isinstance(rough.policy(), Policy)

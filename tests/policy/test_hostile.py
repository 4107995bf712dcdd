"""Policies from outside are data: bounded, refused in one line, or fit for use."""

import json
import tracemalloc

import pytest

from dada.errors import UserError
from dada.ops import PAPER_OPERATIONS, register, registry
from dada.policy import Operation, Policy, Scale, SearchSpace, SubPolicy, dumps, loads
from dada.policy.model import MOST_SUB_POLICIES
from dada.policy.sub_policy import MOST_OPERATIONS
from dada.searching.settings import make_settings

from ..torture.policies import campaign

ROTATE = '["Rotate", 0.5, 0.5]'


def document(**entries):
    rows = [{"weight": 1.0, "operations": [["Rotate", 0.5, 0.5]]}]
    return json.dumps({"format": "dada-policy", "version": 1, "sub_policies": rows, **entries})


def test_only_one_clear_line_or_a_policy_that_works_comes_out():
    found = campaign(seed=0, count=300)
    assert sum(found.values()) == 600
    assert len(found) == 4 and min(found.values()) > 20, "each way is tried"


def refusal(text):
    with pytest.raises(UserError) as error:
        loads(text)
    line = str(error.value)
    assert len(line) < 300 and line.isprintable()
    return line


def nested(depth):
    return "[" * depth + "]" * depth


BAD = {
    "a set in the place of a key": ("{[]:1}", "neither JSON nor a Python list"),
    "a huge integer": (f"[[{ROTATE[:-4]} {'9' * 400}]]]", "number"),
    "a spread of 400": ('[[["Rotate", 0.5, 0.5, 400]]]', "less than or equal to 100"),
    "keys of several types": ('{1: 2, "a": 3, "format": "dada-policy", \'version\': 1}', "unknown"),
    "infinite bounds": (
        document(scale={"kind": "paper", "bounds": {"Rotate": [0, float("inf")]}}),
        "within ±1,000,000",
    ),
    "bounds of 1e308": (
        document(scale={"kind": "paper", "bounds": {"Rotate": [-1e308, 1e308]}}),
        "within ±1,000,000",
    ),
    "bounds that are equal": (
        document(scale={"kind": "paper", "bounds": {"Rotate": [3, 3]}}),
        "two different",
    ),
    "bounds of strings": (
        document(scale={"kind": "paper", "bounds": {"Rotate": ["1", "2"]}}),
        "number",
    ),
    "bounds of a huge integer": (
        document(scale={"kind": "paper", "bounds": {"Rotate": [1, 10**400]}}),
        "number",
    ),
    "a key that a terminal obeys": (
        document(scale={"kind": "paper", "bounds": {"\x1b[2J": [0, 1]}}),
        "unknown operation",
    ),
    "a deep provenance": (
        document(provenance={"a": 1})[:-1].replace('{"a": 1}', '{"a": ' + nested(500) + "}") + "}",
        "nested too deeply",
    ),
    "a provenance that is not finite": (document(provenance={"a": float("nan")}), "finite"),
    "a long name of an operation": (f'[[["{"x" * 10**6}", 0.5, 0.5]]]', "unknown operation"),
    "a long value": (f'[[["Rotate", "{"x" * 10**6}", 0.5]]]', "number"),
    "a long name": (document(name="x" * 2000), "at most 1000"),
    "many operations": (f"[[{', '.join([ROTATE] * 17)}]]", f"at most {MOST_OPERATIONS}"),
    "many sub-policies": (f"[{', '.join([f'[{ROTATE}]'] * 10_001)}]", "10,001 sub-policies"),
    "a large file": ("[" + " " * 9_000_000 + "]", "too large"),
    "a large Python list": ("['" + " " * 2_000_000 + "']", "too large to be read as a Python list"),
}


@pytest.mark.parametrize(("text", "reason"), BAD.values(), ids=BAD)
def test_hostile_texts_get_one_short_line(text, reason):
    assert reason in refusal(text)


@pytest.mark.parametrize("bounds", [(300, -1e20), (-1e308, 1e308), (0, float("inf")), (1, 1)])
def test_impossible_bounds_of_a_search_get_one_line(bounds):
    with pytest.raises(UserError, match="bounds of Posterize must be two different finite numbers"):
        make_settings(bounds={"Posterize": bounds})


def test_bounds_beyond_a_byte_s_bits_work_to_the_end():
    policy = Policy(
        (SubPolicy((Operation("Posterize", 1.0, 0.5, 1.0),)),),
        Scale("paper", {"Posterize": (300.0, -1e6)}),
    )
    assert "bits" in policy.describe() and loads(dumps(policy)) == policy


@pytest.mark.parametrize("spread", [100.1, 400, float("inf"), float("nan"), -1])
def test_a_spread_out_of_range_is_refused_before_a_search(spread):
    with pytest.raises(UserError, match="setting spread"):
        make_settings(spread=spread)


@pytest.mark.parametrize("magnitude", [0.0, 0.5, 1.0])
def test_the_largest_spread_is_described(magnitude):
    policy = Policy((SubPolicy((Operation("Rotate", 1.0, magnitude, 100.0),)),))
    assert "degrees" in policy.describe()


def test_a_search_space_of_too_many_sub_policies_is_refused(monkeypatch):
    assert len(SearchSpace(length=6).sub_policies) == 5005
    monkeypatch.setattr(registry, "_operations", dict(registry._operations))
    mine = [f"Mine{number}" for number in range(35)]
    for name in mine:
        register(name)(lambda images, values: images)
    with pytest.raises(UserError, match="50 operations make 15,890,700 sub-policies of 6: at most"):
        make_settings(operations=(*PAPER_OPERATIONS, *mine), length=6)


def test_the_largest_policy_is_lean():
    """2 KB for an operation at most, all of its forms together."""
    rows = ", ".join([f"[{ROTATE}, {ROTATE}]"] * 1000)
    tracemalloc.start()
    try:
        loads(f"[{rows}]").transform()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 2000 * 2048
    assert len(loads(f"[{', '.join([f'[{ROTATE}]'] * MOST_SUB_POLICIES)}]").sub_policies) == 10_000

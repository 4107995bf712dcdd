import json

import pytest

from dada.errors import UserError
from dada.policy import (
    Operation,
    Policy,
    Scale,
    SubPolicy,
    dumps,
    load_policy,
    loads,
    published_names,
    save_policy,
)


@pytest.fixture
def policy():
    return Policy(
        (
            SubPolicy((Operation("ShearX", 0.5, 0.46), Operation("Cutout", 1.0, 0.1, 1.0)), 0.25),
            SubPolicy((Operation("Equalize", 0.1 + 0.2, 0.0),), 0.75),
        ),
        Scale("strength", {"ShearX": (-0.5, 0.5)}),
        "mine",
        {"seed": 3},
    )


def test_a_policy_survives_a_file_bit_for_bit(policy, tmp_path):
    path = save_policy(policy, tmp_path / "policy.json")
    assert load_policy(path) == policy
    assert dumps(load_policy(path)) == path.read_text()
    json.loads(path.read_text())


def test_a_run_folder_stands_for_its_policy(policy, tmp_path):
    save_policy(policy, tmp_path / "policy.json")
    assert load_policy(tmp_path) == policy


@pytest.mark.parametrize(
    "text",
    [
        '[[["ShearX", 0.5, 0.46], ["Sharpness", 0.5, 0.54]], [["Rotate", 1, 0]]]',
        "[[('ShearX', 0.5, 0.46), ('Sharpness', 0.5, 0.54)], [('Rotate', 1, 0)]]\n",
    ],
)
def test_the_bare_list_is_read(text):
    policy = loads(text, "pasted")
    assert policy.name == "pasted" and policy.scale == Scale("paper")
    assert policy.sub_policies[0].operations[1] == Operation("Sharpness", 0.5, 0.54)
    assert policy.weights == (0.5, 0.5)


def test_the_published_policies_load():
    sizes = {name: len(load_policy(name).sub_policies) for name in published_names()}
    assert sizes["dada-cifar10"] == sizes["dada-imagenet"] == 25
    assert sizes["autoaugment-cifar10"] == sizes["autoaugment-svhn"] == 25
    assert len(sizes) == 10 and min(sizes.values()) >= 25


def test_published_numbers_are_at_full_precision():
    first = load_policy("dada-cifar10").sub_policies[0].operations
    assert first == (
        Operation("TranslateX", 0.518346, 0.575283),
        Operation("Rotate", 0.569384, 0.527467),
    )


HEAD = '{"format": "dada-policy", "version": 1, "sub_policies": '
BAD = {
    "not text of any kind": "neither JSON nor",
    "__import__('os').system('touch /tmp/owned')": "neither JSON nor",
    "[" * 100_000: "nested too deeply",
    "[]": "sub_policies",
    "{}": 'no "format"',
    "3": "expected a policy document",
    '[[["ShearX", 0.5, 1.5]]]': "less than or equal to 1",
    '[[["ShearX", -0.1, 0.5]]]': "greater than or equal to 0",
    '[[["ShearX", NaN, 0.5]]]': "finite",
    '[[["Sheer", 0.5, 0.5]]]': "Sheer",
    '[[["ShearX", 0.5]]]': "[name, probability, magnitude]",
    '[[["ShearX", "0.5", 0.5]]]': "number",
    '[["ShearX", 0.5, 0.5]]': "[name, probability, magnitude]",
    HEAD + "[]}": "sub_policies",
    HEAD + '[{"weight": 0, "operations": [["Rotate", 1, 1]]}]}': "at least one must be positive",
    HEAD + '[{"operations": [["Rotate", 1, 1]]}]}': "exactly",
    HEAD + '[{"weight": 1, "operations": []}]}': "operations",
    HEAD + '[{"weight": 1, "operations": [["Rotate", 1, 1]]}], "code": "x"}': "unknown entry",
    '{"format": "dada-policy", "version": 9, "sub_policies": []}': "version 9",
    HEAD[:-17] + '"scale": {"kind": "odd"}, "sub_policies": [{"weight": 1, '
    '"operations": [["Rotate", 1, 1]]}]}': "kind",
}


@pytest.mark.parametrize(("text", "reason"), BAD.items(), ids=range(len(BAD)))
def test_a_bad_policy_gets_one_clear_line(text, reason, tmp_path):
    path = tmp_path / "bad.json"
    path.write_text(text)
    with pytest.raises(UserError) as caught:
        load_policy(path)
    message = str(caught.value)
    assert reason in message and str(path) in message and "\n" not in message


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(UserError, match="dada-cifar10"):
        load_policy("dada-cifar11")


def test_a_file_that_is_not_text(tmp_path):
    path = tmp_path / "policy.json"
    path.write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(UserError, match="cannot be read as text"):
        load_policy(path)


def test_a_failed_write_leaves_the_old_file(policy, tmp_path):
    with pytest.raises(UserError, match="cannot write"):
        save_policy(policy, tmp_path / "missing" / "policy.json")

import json
import os
import subprocess
import sys
from dataclasses import replace

import pytest
from pydantic import ValidationError

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
from tests.published import published


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


def test_files_are_ascii_and_names_come_back(policy, tmp_path):
    for name in ("Füße 猫", "\U0001f600", "naïve\u3000space"):
        path = save_policy(replace(policy, name=name), tmp_path / "policy.json")
        path.read_bytes().decode("ascii")
        assert load_policy(path).name == replace(policy, name=name).name
    assert load_policy(path) != policy
    assert replace(policy, name="Füße 猫").name == "Füße 猫"


@pytest.mark.parametrize("name", ["\nb", "\x1b[2J", "\x00", "\u2028", "\udcff", "\u202egnp"])
def test_a_name_stays_on_its_line_and_is_text(policy, name, tmp_path):
    escaped = replace(policy, name=f"my {name} policy")
    assert escaped.name.isprintable() and escaped.name.startswith("my \\")
    assert load_policy(save_policy(escaped, tmp_path / "policy.json")) == escaped
    hostile = dumps(policy).replace('"mine"', json.dumps(f"my {name} policy"))
    assert loads(hostile).name == escaped.name


def test_no_file_is_written_or_read_in_the_locale_s_encoding(policy, tmp_path):
    """Python itself warns of every file that is opened without an encoding."""
    script = (
        "import sys; from dada.policy import *; from dataclasses import replace\n"
        "policy = replace(load_policy('dada-cifar10'), name='F\\xfc\\xdfe')\n"
        "path = save_policy(policy, sys.argv[1])\n"
        "assert load_policy(path) == policy\n"
    )
    flags = ["-X", "utf8=0", "-X", "warn_default_encoding", "-W", "error::EncodingWarning:dada"]
    done = subprocess.run(
        [sys.executable, *flags, "-c", script, tmp_path / "policy.json"],
        env={**os.environ, "LC_ALL": "C", "PYTHONIOENCODING": "cp1252"},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_a_rounded_policy_reads_back_equal_and_in_few_digits(tmp_path):
    rough = Policy(
        (
            SubPolicy((Operation("Rotate", 0.45 - 5e-17, 1 / 3, 0.1 + 0.2),), 1 / 105),
            SubPolicy((Operation("Cutout", 1 - 1e-9, 1e-9),), 1e-12 / 3),
        )
    )
    policy = rough.rounded()
    text = save_policy(policy, tmp_path / "policy.json").read_text()
    assert load_policy(tmp_path) == policy == policy.rounded()
    assert '{"weight": 0.00952381, "operations": [["Rotate", 0.45, 0.333333, 0.3]]}' in text
    assert '{"weight": 3.33333e-13, "operations": [["Cutout", 1.0, 0.0]]}' in text


def test_provenance_is_what_its_file_gives_back(tmp_path):
    given = {"betas": (0.5, 0.999), "settings": {"classes": {1: "a"}}, "side": None, "ok": True}
    policy = replace(Policy.none(), provenance=given)
    assert load_policy(save_policy(policy, tmp_path / "policy.json")) == policy
    assert policy.provenance["betas"] == [0.5, 0.999]
    for wrong in (object(), float("nan"), {"a": {1, 2}}, 2**70):
        with pytest.raises(ValidationError, match="provenance"):
            replace(Policy.none(), provenance={"wrong": wrong})


@pytest.mark.parametrize("source", [3, None, 0.5, ["dada-cifar10"], b"dada-cifar10"])
def test_a_policy_is_named_by_text_or_a_path(source):
    with pytest.raises(UserError, match="expected the name or path of a policy, got "):
        load_policy(source)


def test_a_run_folder_stands_for_its_policy(policy, tmp_path):
    save_policy(policy, tmp_path / "policy.json")
    assert load_policy(tmp_path) == policy


def test_the_published_policies_load():
    sizes = {name: len(published(name).sub_policies) for name in published_names()}
    assert sizes["dada-cifar10"] == sizes["dada-imagenet"] == 25
    assert sizes["autoaugment-cifar10"] == sizes["autoaugment-svhn"] == 25
    assert len(sizes) == 12 and min(sizes.values()) >= 25


def test_published_numbers_are_at_full_precision():
    first = load_policy("dada-cifar10").sub_policies[0].operations
    assert first == (
        Operation("TranslateX", 0.518346, 0.575283),
        Operation("Rotate", 0.569384, 0.527467),
    )


def test_a_bad_file_is_named_on_one_line(tmp_path):
    path = tmp_path / "bad.json"
    path.write_text('[[["ShearX",\n0.5, 1.5]]]')
    with pytest.raises(UserError, match="less than or equal to 1") as caught:
        load_policy(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: sub-policy 0: ") and "\n" not in message


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

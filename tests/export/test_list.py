import ast
import json
from collections import Counter

import pytest
from PIL import Image

from dada.errors import UserError
from dada.export import write
from dada.export.list import target as export
from dada.ops import PAPER_OPERATIONS, get
from dada.policy import (
    Operation,
    Policy,
    Scale,
    SearchSpace,
    SubPolicy,
    load_policy,
    loads,
    published_names,
)

PAPER = [name for name in published_names() if name.startswith(("dada", "fast-autoaugment"))]


def policy_of(*rows, scale=None):
    """Rows of a weight and operations, each a name, a magnitude and perhaps a spread."""
    return Policy(
        tuple(
            SubPolicy(tuple(Operation(n, 0.5, *m) for n, *m in operations), weight=weight)
            for weight, *operations in rows
        ),
        scale or Scale(),
    )


@pytest.mark.parametrize("ending", export.endings)
@pytest.mark.parametrize("name", PAPER)
def test_a_paper_policy_comes_back_as_it_was(name, ending, tmp_path):
    policy = load_policy(name)
    write(policy, "list", tmp_path / f"list{ending}")
    again = load_policy(tmp_path / f"list{ending}")
    assert again.sub_policies == policy.sub_policies and again.scale == Scale()
    assert export.differences(policy) == []


def test_it_is_the_published_form():
    rows = json.loads(write("dada-cifar10", "list"))
    assert rows[1] == [["ShearX", 0.502845, 0.459515], ["Sharpness", 0.503674, 0.537807]]
    python = ast.literal_eval(write("dada-cifar10", "list").replace("[", "(").replace("]", ")"))
    text = export.source(load_policy("dada-cifar10"), ".py")
    assert tuple(map(tuple, ast.literal_eval(text))) == python


@pytest.mark.parametrize("magnitude", (0.0, 0.25, 0.7, 1.0))
@pytest.mark.parametrize("name", PAPER_OPERATIONS)
def test_strengths_become_the_papers_magnitudes(name, magnitude):
    policy = policy_of((1.0, (name, magnitude)), scale=Scale("strength"))
    listed = loads(export.source(policy))
    known = policy.scale.values(get(name), magnitude)
    steps = [s.operations[0] for s in listed.sub_policies]
    found = [v for o in steps for v in Scale().values(get(name), o.magnitude)]
    # A + 0 has no sign of zero, and the last bits are those of one more division.
    assert {round(v, 9) + 0 for v in found} == {round(v, 9) + 0 for v in known}


def test_sub_policies_stay_as_frequent_as_they_were():
    policy = policy_of(
        (1.0, ("Color", 0.5), ("Contrast", 0.5)),
        (1.0, ("Color", 0.5), ("Rotate", 0.5)),
        (
            1.0,
            ("Invert", 0.5),
        ),
        scale=Scale("strength"),
    )
    rows = loads(export.source(policy)).sub_policies
    counts = Counter(tuple(o.name for o in row.operations) for row in rows)
    assert counts == dict.fromkeys([("Color", "Contrast"), ("Color", "Rotate"), ("Invert",)], 4)
    assert len(set(rows)) == 4 + 2 + 1
    assert any("3 sub-policies become 12" in line for line in export.differences(policy))


def test_a_random_magnitude_becomes_the_middles_of_fifths():
    policy = policy_of((1.0, ("Cutout", 0.5, 1.0)))  # uniform on [0, 1]
    rows = loads(export.source(policy)).sub_policies
    magnitudes = [row.operations[0].magnitude for row in rows]
    assert magnitudes == pytest.approx([0.1, 0.3, 0.5, 0.7, 0.9])
    assert any("random magnitude becomes 5" in line for line in export.differences(policy))


def test_weights_are_said_to_be_lost():
    policy = policy_of((2.0, ("Invert", 0.5)), (1.0, ("Color", 0.5)), (0.0, ("Rotate", 0.5)))
    assert len(loads(export.source(policy)).sub_policies) == 2
    assert any("weights are lost" in line for line in export.differences(policy))
    assert not export.differences(policy_of((3.0, ("Invert", 0.5))))


@pytest.mark.parametrize(
    ("policy", "reason"),
    [
        (
            load_policy("autoaugment-cifar10"),
            "TranslateX by 0.453172: a list has only -0.45 to 0.45",
        ),
        (
            policy_of((1.0, ("Rotate", 0.5)), scale=Scale("strength", {"Rotate": (-5, 20)})),
            "Rotate by 10 or -2.5: a list has one strength",
        ),
        (SearchSpace(length=3, scale=Scale("strength")).uniform(), "sub-policies, because of"),
    ],
)
def test_what_a_list_cannot_say_is_refused(policy, reason):
    with pytest.raises(UserError, match=reason):
        export.source(policy)


def test_at_work_it_is_dada():
    image = Image.effect_noise((16, 16), 50)
    known = image.point(lambda v: 255 - v)
    policy = Policy((SubPolicy((Operation("Invert", 1.0, 0.5),)),))
    for ending in export.endings:
        assert (
            export.load(export.source(policy, ending), ending)(image).tobytes() == known.tobytes()
        )

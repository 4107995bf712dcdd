"""Operations beside the paper's 15: a user's own, and those that ship or become known later."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from dada.errors import UserError
from dada.export import TARGETS, target, templates, write
from dada.export.python import run
from dada.ops import register, registry
from dada.policy import Operation, Policy, SearchSpace, SubPolicy
from tests.export.samples import one


@pytest.fixture(autouse=True)
def _restored(monkeypatch):
    """What a test registers is gone after it."""
    monkeypatch.setattr(registry, "_operations", dict(registry._operations))


def halve(images, values, *places):
    return images // 2


def halve_picture(image, value, *place):
    return image.point(lambda level: level // 2)


OTHERS = {
    "plain": {},
    "twin": {"pillow": halve_picture},
    "magnitude": {"low": 1.0, "high": 4.0, "pillow": halve_picture},
    "mirrored": {"low": -1.0, "high": 1.0, "identity": 0.0, "mirrored": True},
    "placed": {"low": 0.0, "high": 0.5, "identity": 0.0, "random_place": True},
}


@pytest.mark.parametrize("arguments", OTHERS.values(), ids=OTHERS)
@pytest.mark.parametrize("to", TARGETS)
def test_what_a_target_does_not_know_is_refused_by_name_and_nothing_written(
    to, arguments, tmp_path
):
    register("Halve", **arguments)(halve)
    found = target(to)
    rows = (*one("Invert", 0.5).sub_policies, *one("Halve", 0.5).sub_policies)
    policy = Policy(rows)
    reason = f"the {to} export does not know Halve: it has {', '.join(found.operations)}"
    for ending in found.endings:
        with pytest.raises(UserError) as refused:
            write(policy, to, tmp_path / f"policy{ending}")
        assert str(refused.value) == reason
    assert not list(tmp_path.iterdir())
    with pytest.raises(UserError, match=reason):
        found.differences(policy)
    assert found.knowledge.startswith("every operation but ")
    assert found.knowledge.endswith("Halve")
    assert len(SearchSpace().sub_policies) == 105


@pytest.mark.parametrize("to", TARGETS)
def test_what_is_never_chosen_is_no_obstacle(to):
    register("Halve")(halve)
    rows = (*one("Invert", 0.5).sub_policies, SubPolicy((Operation("Halve", 1.0, 0.0),), 0.0))
    assert "Halve" not in target(to).source(Policy(rows))


DOT = '''

def dot(image, value, x, y):
    """A dot of level 128 + value."""
    image = image.copy()
    image.putpixel((int(x * image.width), int(y * image.height)), round(128 + value))
    return image
'''


@pytest.mark.parametrize("to", ["python", "torchvision"])
def test_a_function_in_a_template_and_its_entry_are_all_that_an_operation_needs(to, monkeypatch):
    """Here one whose value has a random sign, at a random place."""
    entry = '"ShearX": shear_x,\n'
    before, after = templates._read(to).split(entry)
    head, table = before.rsplit("\n\nOPERATIONS", 1)
    text = f'{head}{DOT}\n\nOPERATIONS{table}{entry}    "Dot": dot,\n{after}'
    monkeypatch.setattr(templates, "_read", lambda template: text)
    register("Dot", low=-100, high=100, mirrored=True, random_place=True)(halve)
    known = replace(target(to), operations=templates.operations(to))
    augment = run(known.source(one("Dot", 1.0)))["Augment"]()
    black, pixels = Image.new("L", (8, 8)), []
    for _ in range(60):
        image = np.asarray(augment(black))
        (where,) = np.argwhere(image)
        pixels.append((*where.tolist(), int(image[tuple(where)])))
    assert {level for _, _, level in pixels} == {28, 228}
    assert {x for _, x, _ in pixels} == {y for y, _, _ in pixels} == set(range(8))

"""The table of operations, and adding to it."""

from __future__ import annotations

import importlib
from functools import partial

import pytest
import torch
from torch import Tensor

import dada.ops
from dada.errors import UserError
from dada.ops import PAPER_OPERATIONS, get, names, register, registry
from dada.ops.registry import Kernel
from dada.policy import SearchSpace

ORDER = (
    "ShearX ShearY TranslateX TranslateY Rotate AutoContrast Invert Equalize Solarize Posterize "
    "Contrast Color Brightness Sharpness Cutout"
)


@pytest.fixture(autouse=True)
def _restored(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test registers is gone after it."""
    monkeypatch.setattr(registry, "_operations", dict(registry._operations))


def test_the_papers_operations_in_its_order() -> None:
    assert " ".join(PAPER_OPERATIONS) == ORDER
    assert names()[:15] == PAPER_OPERATIONS


def test_which_of_them_move_or_hide_pixels() -> None:
    spatial = [name for name in PAPER_OPERATIONS if get(name).spatial]
    assert spatial == ["ShearX", "ShearY", "TranslateX", "TranslateY", "Rotate", "Cutout"]


def test_the_papers_ranges() -> None:
    ranges = {name: (get(name).low, get(name).high) for name in PAPER_OPERATIONS}
    assert ranges["ShearX"] == ranges["ShearY"] == (-0.3, 0.3)
    assert ranges["TranslateX"] == ranges["TranslateY"] == (-0.45, 0.45)
    assert ranges["Rotate"] == (-30, 30)
    assert ranges["Solarize"] == (0, 256)
    assert ranges["Posterize"] == (4, 8)
    assert ranges["Cutout"] == (0, 0.2)
    for name in ("Contrast", "Color", "Brightness", "Sharpness"):
        assert ranges[name] == (0.1, 1.9)
    assert [name for name in PAPER_OPERATIONS if get(name).mirrored] == list(PAPER_OPERATIONS[:5])
    assert [name for name in PAPER_OPERATIONS if get(name).rgb_only] == ["Color"]
    assert [name for name in PAPER_OPERATIONS if get(name).random_place] == ["Cutout"]


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("Rotate", 16.2, "16.2 degrees"),
        ("TranslateX", 0.12, "0.12 of the width"),
        ("TranslateY", -0.12, "-0.12 of the height"),
        ("Contrast", 1.45, "factor 1.45"),
        ("Cutout", 0.1, "0.1 of the width"),
    ],
)
def test_values_in_words(name: str, value: float, words: str) -> None:
    assert get(name).describe(value) == words


def test_a_new_operation_in_a_few_lines() -> None:
    @register("Halve")
    def halve(images: Tensor, values: Tensor) -> Tensor:
        return images // 2

    operation = get("Halve")
    assert names()[-1] == "Halve" and names().count("Halve") == 1
    assert operation.kernel is halve
    assert operation.pillow is None
    assert not operation.has_magnitude
    assert operation.describe(0.0) == ""
    images = torch.full((2, 3, 4, 4), 9, dtype=torch.uint8)
    assert operation.kernel(images, torch.zeros(2)).unique().tolist() == [4]


def test_an_operation_without_words_of_its_own_is_described_by_its_number() -> None:
    register("Gamma", low=0.5, high=2, identity=1)(lambda images, values: images)
    assert get("Gamma").describe(1.23456) == "1.23"


def halve(images: Tensor, values: Tensor) -> Tensor:
    return images // 2


def by_cell(cell: str) -> Kernel:
    """What a notebook's cell defines."""
    names: dict[str, Kernel] = {}
    exec(cell, {"__name__": "__main__"}, names)
    return names["kernel"]


def test_a_cell_that_runs_again_replaces_its_operation() -> None:
    first = "def kernel(images, values): return images // 2"
    second = "def kernel(images, values): return images // 3"
    for cell in (first, first, second):
        register("Mine", low=1, high=2)(by_cell(cell))
    images = torch.full((1, 1, 1, 1), 9, dtype=torch.uint8)
    assert get("Mine").kernel(images, torch.zeros(1)).item() == 3
    assert names().count("Mine") == 1


def test_a_name_is_taken_once() -> None:
    with pytest.raises(ValueError, match=r"Rotate is registered already, by dada\.ops\.geometric"):
        register("Rotate")(halve)
    taken: list[Kernel] = [halve, lambda images, values: images, partial(halve)]
    for number, kernel in enumerate(taken):
        register(f"Mine{number}")(kernel)
        register(f"Mine{number}")(kernel)  # the same one: no harm
        for other in (lambda images, values: images + 1, partial(halve)):
            with pytest.raises(ValueError, match="choose another name"):
                register(f"Mine{number}")(other)


def test_an_operation_that_is_added_does_not_grow_the_papers_space() -> None:
    register("Mine")(halve)
    again = importlib.reload(dada.ops)
    assert " ".join(again.PAPER_OPERATIONS) == ORDER
    assert len(SearchSpace().sub_policies) == 105


def test_an_unknown_name() -> None:
    with pytest.raises(UserError) as error:
        get("ShaerX")
    message = str(error.value)
    assert message.startswith("unknown operation 'ShaerX' (did you mean ShearX?); known: ShearX, ")
    assert message.endswith(names()[-1])
    assert "\n" not in message
    with pytest.raises(UserError, match=r"^unknown operation 'qqq'; known: "):
        get("qqq")

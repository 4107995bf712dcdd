"""Files of PBA's code, made up here, in the form that its repository has them."""

import json

import numpy as np
import pytest

from dada.errors import UserError
from dada.ops import get
from dada.policy import PAPER_OPERATIONS, Operation, dumps, load_policy, loads
from dada.policy.pba import from_levels, read_pba

NOTHING = [0] * 60
STRENGTHS = {  # of each level, as augmentation_transforms.py of the published code computes them
    "Rotate": lambda level: int(level * 30 / 10),
    "TranslateX": lambda level: int(level * 10 / 10) / 32,
    "TranslateY": lambda level: int(level * 10 / 10) / 32,
    "ShearX": lambda level: level * 0.3 / 10,
    "ShearY": lambda level: level * 0.3 / 10,
    "Posterize": lambda level: 4 - int(level * 4 / 10),
    "Solarize": lambda level: 256 - int(level * 256 / 10),
    "Cutout": lambda level: int(level * 20 / 10) / 32,
} | {
    n: lambda level: level * 1.8 / 10 + 0.1
    for n in ("Color", "Contrast", "Brightness", "Sharpness")
}
SIGNED = {"Rotate", "TranslateX", "TranslateY", "ShearX", "ShearY"}


def values(seed):
    drawn = np.random.default_rng(seed)
    pairs = zip(drawn.integers(0, 11, 30).tolist(), drawn.integers(0, 10, 30).tolist(), strict=True)
    return [value for pair in pairs for value in pair]


def line(replaced, copied, epoch, before, after):
    return str([replaced, copied, epoch + 1, epoch, before, after])


A, B, C = values(1), values(2), values(3)
FILE = "\n".join(
    [line("9", "8", 12, NOTHING, A), line("7", "9", 30, A, B), line("0", "7", 30, B, C)]
)


@pytest.mark.parametrize("level", range(10))
def test_magnitudes_are_the_strengths_of_the_published_code(level):
    chosen = from_levels([10, level] * 30)
    for operation in chosen.operations:
        kind = get(operation.name)
        plus, minus = chosen.scale.values(kind, operation.magnitude)
        if kind.has_magnitude:
            expected = STRENGTHS[operation.name](level)
            assert plus == pytest.approx(expected, abs=1e-12), operation.name
            assert minus == pytest.approx(-expected if operation.name in SIGNED else expected)
            if operation.name == "Posterize":
                assert plus == expected, "Pillow rounds bits down"


def test_every_operation_comes_twice():
    chosen = from_levels([1, 0] * 15 + [2, 9] * 15)
    names = [operation.name for operation in chosen.operations]
    assert names[:15] == names[15:] and sorted(names[:15]) == sorted(PAPER_OPERATIONS)
    assert names[0] == "Rotate" and names[7] == "Posterize" and names[14] == "Contrast"
    assert {o.probability for o in chosen.operations[:15]} == {0.1}
    assert chosen.operations[15] == Operation("Rotate", 0.2, 0.9)
    assert chosen.counts == (0.2, 0.3, 0.5)


def test_stages_follow_the_ancestry():
    schedule = read_pba(FILE, 40, "mine", "a file")
    assert [stage.epochs for stage in schedule.stages] == [12, 18, 10], "one of 0 epochs is none"
    assert [s.policy for s in schedule.stages] == [from_levels(v) for v in (NOTHING, A, C)]
    assert schedule.provenance == {"source": "a file"} and schedule.name == "mine"
    assert loads(dumps(schedule)) == schedule


def test_exchanges_before_the_ancestry_are_dropped():
    """A file may begin with some: the trial that one replaces is not the next one's copy."""
    more = "\n".join([line("3", "2", 5, B, C), line("4", "3", 8, C, A), FILE])
    assert read_pba(more, 40) == read_pba(FILE, 40)


def test_newer_files_have_json_and_a_dict():
    text = "\n".join(
        json.dumps([*items[:4], *({"hp_policy": v} for v in items[4:])])
        for items in map(eval, FILE.splitlines())
    )
    assert read_pba(text, 40) == read_pba(FILE, 40)


@pytest.mark.parametrize(
    ("name", "epochs", "starts", "last"),
    [
        # Epochs at which a copy was made, and the last copy's first values, as the files have them.
        (
            "pba-cifar10",
            200,
            (12, 34, 54, 74, 75, 81, 84, 111, 117, 138, 144, 153, 160, 177, 183, 195),
            [("Rotate", 0, 6), ("TranslateX", 6, 6), ("TranslateY", 10, 0), ("Brightness", 3, 4)],
        ),
        (
            "pba-svhn",
            160,
            (9, 24, 30, 38, 45, 69, 75, 100, 104, 108, 147, 153, 159),
            [("Rotate", 8, 2), ("TranslateX", 9, 0), ("TranslateY", 0, 0), ("Brightness", 7, 4)],
        ),
    ],
)
def test_the_published_schedules_are_those_of_its_repository(name, epochs, starts, last):
    schedule = load_policy(name)
    assert schedule.epochs == epochs and name == schedule.name
    assert np.cumsum([stage.epochs for stage in schedule.stages]).tolist() == [*starts, epochs]
    assert schedule.stages[0].policy == from_levels(NOTHING)
    first = schedule.stages[-1].policy.operations[: len(last)]
    levels = [(o.name, round(10 * o.probability), round(10 * o.magnitude)) for o in first]
    assert levels == last
    assert "arcelien/pba" in schedule.provenance["source"]


BAD = {
    "": "must have 1 to 999 lines",
    "\n".join(["[]"] * 1000): "must have 1 to 999 lines",
    "__import__('os').system('touch /tmp/owned')": "line 1: neither JSON nor a Python list",
    "[" * 60_000: "line 1: neither JSON nor a Python list",
    "[" + "0," * 40_000 + "]": "line 1: too long",
    "[]": "line 1: must be a list of 6 items",
    "7": "line 1: must be a list of 6 items",
    line("1", "2", 3, NOTHING, NOTHING[1:]): "line 1: 59 values: must be 60",
    line("1", "2", 3, NOTHING, 5): "line 1: values 5: must be a list",
    line("1", "2", 3, NOTHING, [11, *NOTHING[1:]]): "probability 11 and magnitude 0: must be 0 to",
    line("1", "2", 3, NOTHING, [0, 10, *NOTHING[2:]]): "probability 0 and magnitude 10",
    line("1", "2", 3, NOTHING, [0.5, *NOTHING[1:]]): "value 0.5: must be a whole number",
    line("1", "2", 3, NOTHING, [True, *NOTHING[1:]]): "value True: must be a whole number",
    f"['1', '2', '3', 4, {NOTHING}, {NOTHING}]": "line 1: epochs ['3', 4]: must be whole numbers",
    f"{FILE}\n[]": "line 4: must be a list",
    line("1", "2", 41, NOTHING, A): "do not ascend to the search's 40",
    f"{line('9', '8', 12, NOTHING, A)}\n{line('7', '9', 11, A, B)}": "do not ascend",
}


@pytest.mark.parametrize(("text", "reason"), BAD.items(), ids=range(len(BAD)))
def test_a_bad_file_gets_one_clear_line(text, reason):
    with pytest.raises(UserError) as caught:
        read_pba(text, 40)
    message = str(caught.value)
    assert reason in message and "\n" not in message and len(message) < 300

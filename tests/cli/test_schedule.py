"""A policy that changes over epochs, wherever the command line takes a policy."""

import json
from pathlib import Path

import pytest

from dada.export import write
from dada.policy import (
    Operation,
    OperationList,
    Policy,
    PolicySchedule,
    Stage,
    SubPolicy,
    save_policy,
)
from dada.report import show
from dada.runs import RunFolder
from tests.cli.commands import check_refused, contents

LISTED = OperationList((Operation("Rotate", 0.9, 0.9), Operation("Invert", 0.5, 0.0)))
ONE = Policy((SubPolicy((Operation("Posterize", 0.5, 0.0),)),), name="one")
SCHEDULE = PolicySchedule((Stage(2, LISTED), Stage(1, ONE)), "mine")


@pytest.fixture(autouse=True)
def file(dada):
    return save_policy(SCHEDULE, "mine.json")


def test_stages_in_words_and_one_of_them_in_full(dada):
    result = dada("policies mine.json --json again.json")
    assert result.out.splitlines()[:2] == [
        "epochs 1 to 2  Rotate 65%, Invert 33%",
        "epochs 3       Posterize 50%",
    ]
    assert json.loads(Path("again.json").read_text()) == json.loads(Path("mine.json").read_text())
    assert dada("policies mine.json --epoch 3").out.startswith("100.0%  Posterize 4 bits (p 0.50)")


def test_an_export_is_of_an_epoch(dada):
    assert dada("export mine.json --to python --epoch 3").out == write(ONE, "python")
    dada("export mine.json --to python --epoch 1 -o policy.py")
    assert Path("policy.py").read_text() == write(SCHEDULE, "python", epoch=2)
    assert "mine, stage 1 of 2" in Path("policy.py").read_text()


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (
            "export mine.json --to python",
            "mine is a schedule: choose an epoch from 1 to 3 with --epoch",
        ),
        ("export mine.json --to python --epoch 4", "no epoch 4: mine is a schedule"),
        ("policies mine.json --epoch 4", "no epoch 4: mine is a schedule"),
        ("preview mine.json", "choose an epoch from 1 to 3 with --epoch"),
    ],
)
def test_an_epoch_that_is_needed_is_asked_for(dada, command, reason):
    before = contents(".")
    check_refused(dada(command), reason)
    assert contents(".") == before


def test_a_preview_is_of_an_epoch(dada):
    dada("preview mine.json digits --epoch 3 --columns 2 -o sheet.png")
    show(ONE, "digits", columns=2).save("one.png")
    assert Path("sheet.png").read_bytes() == Path("one.png").read_bytes()


def test_a_training_takes_it(dada):
    options = "--recipe demo --epochs 1 --images 20 --model proxy-4 --batch 20"
    result = dada(f"train digits --policy mine.json {options} -o run")
    assert result.code == 0, result
    assert RunFolder.open("run").config["policy"] == "mine.json"
    assert "A schedule of 3 epochs in 2 stages" in Path("run/report.html").read_text()

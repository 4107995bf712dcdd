"""Trainings from the command line, by a user's settings and by the paper's recipes."""

import html
import json
import re
from pathlib import Path

import pytest
import torch

from dada.training.recipes import recipes
from tests.cli.commands import check_refused

TRAIN = "train --data digits --recipe demo --epochs 2 --images 80 --batch 20 --set test_every=1"


def test_train_evaluate_and_what_is_written(dada):
    result = dada(f"{TRAIN} --policy dada-svhn -o out --json result.json")
    assert result.code == 0 and not result.err
    assert {path.name for path in Path("out").iterdir()} == {
        "best.pt",
        "checkpoint.pt",
        "checkpoint-before.pt",
        "config.json",
        "events.jsonl",
        "last.pt",
        "metrics.csv",
        "report.html",
        "result.json",
    }
    found = json.loads(Path("result.json").read_text())
    assert f"test error  {found['test_error']:.2%} after 2 epochs" in result.out
    assert dada("evaluate out digits").out == dada("evaluate out digits --data digits").out
    result = dada("evaluate out --json errors.json")
    assert result.code == 0 and not result.err
    assert f"test error  {found['test_error']:.2%} of 360 images" in result.out
    worst = max(found["class_errors"])
    assert re.search(rf"worst       \d {worst:.1%}", result.out)
    assert json.loads(Path("errors.json").read_text())["classes"] == list("0123456789")


def test_the_command_on_the_page_gives_the_same_weights(dada):
    assert dada(f"{TRAIN} --policy dada-svhn --seed 3 -o out").code == 0
    page = html.unescape(Path("out/report.html").read_text())
    assert "This training is not finished" not in page and "Test error" in page
    command = re.search(r"<pre>dada (train [^<]*--set[^<]*)</pre>", page)[1]
    result = dada(command)
    assert result.code == 0, result.err
    last = [torch.load(f"{run}/last.pt", weights_only=True) for run in ("out", "again")]
    assert all(torch.equal(last[0][name], last[1][name]) for name in last[0])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("", "policy dada-svhn, crop"),
        ("--cutout 3", "policy dada-svhn, crop and Cutout 3"),
        ("--set cutout=3", "policy dada-svhn, crop and Cutout 3"),
        ("--policy none", "crop"),
        ("--policy none --cutout 3", "crop and Cutout 3"),
    ],
)
def test_a_cutout_is_named_where_it_acts(dada, options, words):
    result = dada(f"{TRAIN} --epochs 1 --policy dada-svhn {options} -o out")
    assert f"1 epoch of 4 steps, {words}\n" in result.out
    page = html.unescape(Path("out/report.html").read_text())
    assert f"under {words.removeprefix('policy ').replace(', ', ' with ')}: 1 epoch" in page
    settings = json.loads(Path("out/config.json").read_text())["settings"]
    assert settings["cutout"] == (3 if "3" in options else 0)


def test_where_a_run_goes_and_going_on(dada):
    assert dada(TRAIN).code == 0
    assert Path("runs/train/demo-none-0/result.json").exists()
    check_refused(dada(TRAIN), "holds a run already: resume it with --resume")
    assert dada(f"{TRAIN} --resume").code == 0
    check_refused(dada(f"{TRAIN} --resume --seed 1 -o runs/train/demo-none-0"), "seed = 0, not 1")


@pytest.mark.parametrize(
    ("command", "reason"),
    {
        "train --recipe cifar": "no preset 'cifar'; there are default, demo, finetune, cifar10-",
        "train": "recipe default has no data of its own: name the data, dada train DATA",
        f"{TRAIN} --policy nowhere": "no policy",
        f"{TRAIN} --cutout 8": "cutout 8 can leave nothing of the images of digits",
        f"{TRAIN} --model net": "unknown network 'net'",
        f"{TRAIN} --lr 1e38 -o wild": "try a lower --lr",
        f"{TRAIN} --set lr_min=0": "--set lr_min: no such setting",
        f"{TRAIN} --set ema=1": "ema: Input should be less than 1",
        f"{TRAIN} --set mean=[0.5,0.5,0.5]": "must be 1, one for each channel of digits",
        f"{TRAIN} --set lighting=0.1": "lighting is for colour images; digits is grey",
        "evaluate nowhere": "no run in nowhere",
        "recipes cifar": "no recipe 'cifar'; there are cifar10-",
    }.items(),
)
def test_mistakes(dada, command, reason):
    check_refused(dada(command), reason)


def test_damaged_weights_are_refused(dada):
    assert dada(f"{TRAIN} -o out").code == 0
    check_refused(dada("evaluate out --data digits --weights first"), "must be last or best")
    Path("out/last.pt").write_bytes(b"no weights")
    check_refused(dada("evaluate out"), "out/last.pt: not a checkpoint of this program")
    Path("out/best.pt").unlink()
    check_refused(dada("evaluate out --weights best"), "out/best.pt: no such file")


def test_recipes_are_listed_and_said_in_full(dada):
    result = dada("recipes")
    assert all(f"{name} " in result.out for name in recipes())
    assert "paper, DADA: 3.6 %" in result.out
    result = dada("recipes cifar10-wrn-40-2")
    assert "dada train --recipe cifar10-wrn-40-2 --policy dada-cifar10" in result.out
    assert "cutout 4.1" in result.out and "epochs = 200" in result.out
    assert "top-5" not in result.out
    shown = dada("recipes imagenet-resnet50").out
    assert "  test error in the paper, %: baseline 23.7, autoaugment 22.4" in shown
    assert "  top-5 test error in the paper, %: baseline 6.9, autoaugment 6.2" in shown


def test_one_epoch_is_singular(dada):
    result = dada("train digits -o out --images 20 --epochs 1 --model wrn-10-1")
    assert " after 1 epoch\n" in result.out

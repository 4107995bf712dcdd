"""Runs from the command line: what they write, how they go on, and what damage does to them."""

import html
import json
import os
import pickle
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from importlib import import_module
from pathlib import Path
from unicodedata import category

import pytest
import torch

from dada.policy import Policy
from dada.runs import RunFolder
from dada.searching.engines import LOCAL
from tests.cli.commands import COMPARE, SEARCH, check_refused, contents
from tests.searching.trials import with_losses


def next_command(result):
    """The words after `dada` of what a search says to do next."""
    return shlex.split(re.search(r"^(?:does it|do they) help\?  dada (.*)", result.out, re.M)[1])


def test_a_search_that_found_a_policy_says_how_to_compare_it(dada, monkeypatch):
    monkeypatch.setattr(Policy, "is_none", False)
    words = next_command(dada(f"{SEARCH} -o 'my run'"))
    assert words == ["compare", "digits", "--policy", "my run", "-o", "my run/compare"]


@pytest.mark.parametrize(
    ("words", "tried", "left"),
    [
        ("", [], "RandAugment and TrivialAugment need no search"),
        (
            "--set rivals=true",
            ["TrivialAugment, which the search tried as well, is no better than none"],
            "RandAugment needs no search",
        ),
        (
            "--method randaugment",
            ["RandAugment is no better than none at any N and M that was tried"],
            "TrivialAugment needs no search",
        ),
    ],
)
def test_a_search_without_a_find_suggests_only_what_it_has_not_tried(
    dada, monkeypatch, words, tried, left
):
    with_losses(monkeypatch, lambda policy: 1.0 if policy.is_none else 2.0)
    result = dada(f"{SEARCH} {words} -o run")
    said = re.findall(r"^.* is no better than none.*$", result.out, re.M)
    assert said == tried and f"a longer search may find a policy; {left}\n" in result.out
    assert next_command(result) == ["compare", "digits", "-o", "run/compare"]


def test_a_search_a_comparison_and_the_page(dada):
    result = dada(f"{SEARCH} -o 'my run' --json policy.json")
    assert result.code == 0 and not result.err
    assert {path.name for path in Path("my run").iterdir()} == {
        "config.json",
        "events.jsonl",
        "checkpoint.pt",
        "checkpoint-before.pt",
        "policy.json",
        "report.html",
        "samples.png",
    }
    policy = json.loads(Path("policy.json").read_text())
    assert policy == json.loads(Path("my run/policy.json").read_text())
    # What is printed next can be pasted into a shell.
    words = next_command(result)
    assert words == ["compare", "digits", "-o", "my run/compare"]  # no augmentation was found
    words += ["--policy", "my run"]
    result = dada(shlex.join(words) + COMPARE.removeprefix("compare digits") + " --json c.json")
    assert result.code == 0 and not result.err
    assert "policy my run" in result.out and "uniform policy" in result.out
    comparison = json.loads(Path("c.json").read_text())
    assert comparison == RunFolder.open("my run/compare").read_json("comparison.json")
    assert dada("report 'my run'").code == 0
    assert "policy my run" in Path("my run/report.html").read_text()


def test_the_comparison_that_a_search_names_has_its_cutout_too(dada):
    result = dada(f"{SEARCH} --cutout 3 -o run")
    words = next_command(result)
    assert words[-2:] == ["--cutout", "3"]


def test_output_to_a_file_is_plain_text(dada):
    out = dada(f"{SEARCH} -o run").out + dada(f"{COMPARE} -o compare").out
    assert "round   1  training loss" in out and "test error" in out
    assert not {character for character in out if category(character) == "Cc"} - {"\n"}


def test_the_command_on_the_page_makes_the_same_policy(run, dada):
    page = html.unescape((run / "report.html").read_text())
    command = re.search(r"<pre>dada (search [^<]*--set[^<]*)</pre>", page)[1]
    result = dada(command)
    assert result.code == 0, result.err
    again = shlex.split(command)[-1]
    assert Path(again, "policy.json").read_bytes() == (run / "policy.json").read_bytes()


def test_names_do_not_become_markup(run, dada):
    Path("[").mkdir()
    shutil.copy(run / "policy.json", "[/red] :smile:.json")
    result = dada(f"{COMPARE} --policy '[/red] :smile:.json' -o out")
    assert result.code == 0 and ":smile:" in result.out
    assert result.out.count("note: Color left out of the search space") == 1
    shutil.copytree("out", "copy")
    check_refused(dada(f"{COMPARE} --policy dada-svhn -o copy --resume"), "policies")


def test_policies_in_words_and_as_json(dada):
    assert "dada-cifar10" in dada("policies --json names.json").out
    assert "dada-cifar10" in json.loads(Path("names.json").read_text())
    assert "degrees" in dada("policies dada-cifar10 --limit 5 --json policy.json").out
    assert len(json.loads(Path("policy.json").read_text())["sub_policies"]) == 25
    # As Windows' editor saves it.
    Path("mark.json").write_text("\ufeff" + Path("policy.json").read_text())
    assert "degrees" in dada("policies mark.json").out


def test_a_preview_is_a_picture(run, dada):
    result = dada("preview run digits -o sheet.png --columns 3 --rows 2")
    assert result.code == 0 and result.out.endswith("\nsheet.png\n")
    assert Path("sheet.png").read_bytes().startswith(b"\x89PNG")
    check_refused(dada("preview run digits -o sheet.txt"), "sheet.txt: not a picture's name")
    assert not Path("sheet.txt").exists()


def interrupt(*_, **__):
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("unit", "options"),
    [
        ("epoch", "--preset step --epochs 12 --batch 50"),
        ("round", "--epochs 3 --set folds=8 --set fold_images=5"),
    ],
)
def test_ctrl_c_leaves_a_policy_and_resume_finishes(dada, tmp_path, unit, options):
    command = f"{SEARCH} {options} -o run".replace("--epochs 1 ", "", 1)
    process = subprocess.Popen(
        [sys.executable, "-m", "dada", *command.split()],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        # Where this process was started to ignore Ctrl-C, its children would ignore it too.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    )
    events, deadline = tmp_path / "run" / "events.jsonl", time.monotonic() + 60
    while not (events.exists() and '"epoch": 2' in events.read_text()):
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.005)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130 and not err
    assert re.search(rf"stopped after {unit} \d+: the policy so far is run/policy.json", out)
    assert "--resume" in out and "\x1b" not in out
    page = Path("run/report.html").read_text()
    assert "This search is not finished" in page and "dada search --resume run" in page
    assert "p 0" in dada("policies run").out or "p 1" in dada("policies run").out
    check_refused(dada(command), "holds a run already: resume it with --resume")
    assert dada(f"{command} --resume").code == 0
    assert json.loads(Path("run/policy.json").read_text())["provenance"]["epochs_done"] == 12
    assert "This search is not finished" not in Path("run/report.html").read_text()
    epochs = [json.loads(line).get("epoch") for line in events.read_text().splitlines()]
    assert [epoch for epoch in epochs if epoch] == list(range(1, 13))


MOMENTS = ("advance", "save_policy", "add_event", "save_checkpoint")


@pytest.mark.parametrize("moment", MOMENTS)
def test_ctrl_c_at_any_moment_of_the_first_epoch_can_be_resumed(moment, dada, monkeypatch):
    work = import_module("dada.searching.work")
    method = import_module("dada.searching.methods.dada").Arms
    owner = {"advance": method, "save_policy": work}.get(moment, work.RunFolder)
    with monkeypatch.context() as patch:
        patch.setattr(owner, moment, interrupt)
        result = dada(f"{SEARCH} -o run")
    assert result.code == 130 and "--resume" in result.out and not result.err
    result = dada(f"{SEARCH} -o run --resume")
    assert result.code == 0, result.err
    assert Path("run/policy.json").exists()


def test_ctrl_c_before_the_work_and_in_a_comparison(dada, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr("dada.datasets.load", interrupt)
        result = dada(SEARCH)
    assert (result.code, result.err) == (130, "") and not Path("runs").exists()
    with monkeypatch.context() as patch:
        patch.setattr("dada.comparison.bench.answers", interrupt)
        result = dada(f"{COMPARE} -o out")
    assert result.code == 130 and "--resume" in result.out and not result.err
    # The last line was not finished when the process was killed.
    Path("out/events.jsonl").write_text('{"event": "trai')
    assert dada(f"{COMPARE} -o out --resume").code == 0
    events = [json.loads(line) for line in Path("out/events.jsonl").read_text().splitlines()]
    assert [event["event"] for event in events] == [*4 * ["training"], "finish"]


class Hostile:
    """Unpickling this would make a folder."""

    def __reduce__(self):
        return (os.mkdir, ("owned",))


def cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def other_rounds(path):
    state = torch.load(path, weights_only=True)
    state["losses"] = [losses[1:] for losses in state["losses"]]
    torch.save(state, path)


CHECKPOINTS = {
    "cut": cut,
    "empty": lambda path: path.write_bytes(b""),
    "pickle": lambda path: path.write_bytes(pickle.dumps(Hostile())),
    "pickle of torch": lambda path: torch.save({"epoch": 1, "model": Hostile()}, path),
    "a tensor": lambda path: torch.save(torch.zeros(3), path),
    "a part": lambda path: torch.save({"epoch": 1}, path),
    "other rounds": other_rounds,
}


@pytest.mark.parametrize("damage", CHECKPOINTS)
def test_a_damaged_checkpoint_is_refused_and_nothing_is_lost(damage, run, dada):
    CHECKPOINTS[damage](run / "checkpoint.pt")
    before = contents(run)
    check_refused(dada(f"{SEARCH} -o run --resume"), "run/checkpoint.pt: not a checkpoint of this")
    assert contents(run) == before and not Path("owned").exists()


DEEP = b"[" * 100_000
DAMAGES = [
    ("config.json", b"", "config.json: cannot be read"),
    ("config.json", b"{", "config.json: cannot be read"),
    ("config.json", b"\xff\xfe", "config.json: cannot be read"),
    ("config.json", DEEP, "config.json: cannot be read"),
    ("config.json", b"[]", "config.json: not the configuration of a run"),
    ("config.json", b"{}", "unknown kind"),
    ("config.json", b'{"kind": "search"}', "is damaged"),
    ("config.json", b'{"kind": "compare"}', "is damaged"),
    ("config.json", b'{"kind": "search", "settings": 3, "data": 4}', "not the configuration"),
    ("events.jsonl", b"", "no epoch is over yet"),
    ("events.jsonl", b"\xff\xfe\n{}\n", "events.jsonl: line 1 is damaged"),
    ("events.jsonl", DEEP + b"\n", "events.jsonl: line 1 is damaged"),
    ("events.jsonl", b"{}\n3\n", "events.jsonl: line 2 is damaged"),
    ("events.jsonl", b'{"event": "epoch", "epoch": 1}\n', "no epoch is over yet"),
    ("events.jsonl", b'{"sub_policies": 3}\n{"event": "epoch", "epoch": 1}\n', "is damaged"),
    ("policy.json", b"", "policy.json: neither JSON"),
    ("policy.json", b"\xff", "policy.json: cannot be read as text"),
    ("compare/comparison.json", b"", "comparison.json: cannot be read"),
    ("compare/comparison.json", b"[]", "is damaged"),
    ("compare/comparison.json", b'{"rows": []}', "is damaged"),
]


@pytest.mark.parametrize(("name", "content", "reason"), DAMAGES, ids=range(len(DAMAGES)))
def test_a_damaged_run_is_said_and_its_page_kept(name, content, reason, run, dada):
    (run / name).parent.mkdir(exist_ok=True)
    (run / name).write_bytes(content)
    before = contents(run)
    check_refused(dada("report run"), "run", reason)
    if name == "config.json" or "line" in reason:
        check_refused(dada(f"{SEARCH} -o run --resume"), "run")
    assert contents(run) == before


def test_missing_samples_only_leave_the_pictures_out(run, dada):
    (run / "samples.png").write_bytes(b"no picture")
    assert dada("report run").code == 0


def test_what_an_engine_had_to_mend_is_said_once_and_recorded(dada, monkeypatch):
    lines = ["1 trial was lost on the cluster, and begun again", ""]
    monkeypatch.setattr(type(LOCAL), "incidents", lambda self: lines.pop(0))
    model = "--model proxy-4 --images 60 --batch 15 --operations Rotate,Invert"
    result = dada(
        f"search digits {model} --method random --epochs 1 --set policies=1 --set rounds=2 -o run"
    )
    assert result.code == 0 and not lines, result.err
    assert result.out.count("note: 1 trial was lost on the cluster, and begun again\n") == 1
    records = [event for event in RunFolder.open("run").events if event["event"] == "epoch"]
    assert ["incidents" in record for record in records] == [True, False]

import json
from pathlib import Path

from dada.cli.compare import print_table
from dada.comparison import pace
from tests.cli.commands import COMPARE, TRAIN, check_refused
from tests.report.conftest import make_comparison


def test_names_of_rows_never_command_the_terminal(capsys):
    comparison = make_comparison()
    comparison["rows"][1]["name"] = "policy \x1b[2J\x07"
    print_table(comparison)
    said = capsys.readouterr().out
    assert "\x1b" not in said and "\x07" not in said
    assert "\\x1b[2J" in said


def test_the_table_says_what_its_intervals_hold(capsys):
    print_table(make_comparison() | {"intervals": "seeds and test images"})
    assert "3 seeds and 360 test images" in " ".join(capsys.readouterr().out.split())


def test_a_budget_says_what_it_chose_and_results_come_after_each_seed(dada, monkeypatch):
    monkeypatch.setattr(pace, "_timed", lambda bench, methods: [0.0, 1e-4, 1e-5, *[0.0] * 5])
    started = f"compare digits {TRAIN} --policy dada-svhn".replace("--preset demo", "")
    result = dada(f"{started} --seeds 3 --budget 2m -o run")
    assert result.code == 0, result.err
    lines = result.out.splitlines()
    assert any(line.startswith("note: budget of 2 min: wrn-10-1 on 100 of 1,437") for line in lines)
    assert any("differences will be certain to about ±" in line for line in lines)
    place = lines.index("after 2 of 3 seeds:")
    assert lines[place + 1].startswith("  crop  ") and " points" in lines[place + 2]
    assert "after 3 of 3 seeds:" not in lines, "the table says it"
    refused = dada(f"{started} --resume --budget 3m -o run")
    check_refused(refused, "started with 2 min, and keeps its size: leave --budget out")
    result = dada("compare run --add-seeds 1 --json more.json")
    assert result.code == 0, result.err
    assert "5 trainings of wrn-10-1" in result.out and "budget of" not in result.out
    assert json.loads(Path("more.json").read_text())["seeds"] == [0, 1, 2, 3]
    assert dada("compare --resume run --add-seeds 1").code == 0
    assert json.loads(Path("run/comparison.json").read_text())["seeds"] == [0, 1, 2, 3, 4]


def test_why_it_stopped_is_said_with_the_result(capsys):
    print_table(make_comparison() | {"stopped": "after 3 of 9 seeds, as the answer is certain"})
    assert "Stopped after 3 of 9 seeds, as the answer is certain." in capsys.readouterr().out


def test_it_is_said_that_steps_are_timed_where_something_is_to_be_chosen(dada):
    timing = "timing a few steps of training, to choose what fits"
    small = "compare digits --seeds 1 --epochs 1 --images 60 --batch 20"
    assert timing not in dada(f"{small} --model wrn-10-1 -o set").out
    assert timing in dada(f"{small} -o open").out, "the network is open"
    assert timing in dada(f"{small} --model wrn-10-1 --budget 1m -o within").out
    assert timing not in dada("compare --resume open").out
    assert timing not in dada(COMPARE).out, "the preset demo sets all"

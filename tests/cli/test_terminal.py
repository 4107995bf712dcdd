"""What the command line says, and where."""

import io
import json
import os
import re
import subprocess
import sys
import threading
import time

import pytest

from dada.cli import bar as bars
from dada.cli import options
from dada.cli.main import main
from dada.cli.terminal import terminal
from dada.errors import UserError
from dada.names import WITHOUT_SEARCH
from dada.policy import published_names
from tests.cli.commands import COMPARE, SEARCH, check_refused
from tests.searching.trials import with_losses


@pytest.mark.parametrize("verb", ["", "search", "compare", "train", "evaluate", "export"])
def test_h_is_help(dada, verb):
    result = dada(f"{verb} -h")
    assert result.code == 0 and "Usage: " in result.out
    assert result.out == dada(f"{verb} --help").out


@pytest.mark.parametrize("quiet", ["{} --quiet", "{} -q", "-q {}"])
def test_quiet_leaves_the_result(dada, quiet):
    loud, result = dada(SEARCH), dada(quiet.format(f"{SEARCH} -o runs/other"))
    assert result.code == 0 and not result.err
    assert "note: " in loud.out and "round " in loud.out
    assert "note: " not in result.out and "round " not in result.out
    assert "policy  runs/other/policy.json" in result.out
    assert not terminal.quiet, "the next command in this process speaks again"


@pytest.mark.parametrize(
    "command", [SEARCH, COMPARE, "policies", "policies dada-cifar10"], ids=lambda c: c[:16]
)
def test_json_on_standard_output_is_all_there_is_on_it(dada, command):
    result = dada(f"{command} --json -")
    assert result.code == 0
    assert json.loads(result.out) and result.out.isascii()
    told = dada(command.replace("digits", "digits -o runs/again")).out.splitlines()
    assert result.err.splitlines()[0] == told[0]


def test_a_mistake_beside_json_on_standard_output_is_one_line(dada):
    result = dada("policies nothing --json -")
    check_refused(result, "no policy 'nothing'")
    assert not result.out


@pytest.mark.parametrize("form", ["--out={}", "-o {}", "--out {}"])
def test_a_tilde_is_the_home_directory_in_every_path(dada, tmp_path, monkeypatch, form):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    assert dada(f"{SEARCH} {form.format('~/run')}").code == 0
    assert (tmp_path / "home/run/policy.json").exists()
    assert dada("policies ~/run --json=~/policy.json").code == 0
    assert (tmp_path / "home/policy.json").exists()
    assert dada("export ~/policy.json --to list -o ~/list.py").code == 0
    assert dada("report ~/run").code == 0
    assert dada("preview ~/run --out=~/sheet.png").code == 0
    assert dada(f"{COMPARE} --policy=~/run -o ~/compare").code == 0
    assert not list(tmp_path.glob("~*"))


def test_a_tilde_of_nobody_is_named(dada):
    check_refused(dada("report ~nobody-of-that-name/run"), "there is no such user")


def test_no_control_character_reaches_the_terminal(dada, tmp_path, fill):
    fill(tmp_path / "photos", ("a\x1b[2Jb", "c\x07d"), count=8)
    (tmp_path / "photos" / "a\x1b[2Jb" / "no\x1b]0;picture\x07.png").write_text("none")
    result = dada("search photos --preset demo --epochs 1 --operations Rotate,Invert")
    assert result.code == 0
    assert "picture" in result.out
    assert all(line.isprintable() for line in result.out.splitlines())


def test_a_pipe_hears_something_every_half_minute(capsys, monkeypatch):
    assert bars.SILENCE == 30
    monkeypatch.setattr(bars, "SILENCE", 0.05)
    with bars.Bar() as bar:
        time.sleep(0.2)
        bar.begin("search", [(200, 200.0)])
        for _ in range(50):
            bar.advance()
        time.sleep(0.3)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "preparing"
    assert any(line.startswith("search: 50 of 200 steps, 0:00 elapsed") for line in lines)
    assert 4 <= len(lines) <= 12
    time.sleep(0.2)
    assert not capsys.readouterr().out, "and nothing afterwards"


@pytest.mark.parametrize(("steps", "said"), [(10**6, True), (60, False)])
def test_long_work_is_announced_from_its_first_steps(capsys, monkeypatch, steps, said):
    assert (bars.LONG, bars.REHEARSED) == (120, 6)
    monkeypatch.setattr(bars, "REHEARSED", 0.05)
    with bars.Bar() as bar:
        bar.begin("search", [(steps, 1.0)], shorter="on 2 cores; --budget 5m makes it shorter")
        for _ in range(20):
            time.sleep(0.01)
            bar.advance()
    out = capsys.readouterr().out
    hours = re.findall(
        r"^this takes about (\d+) h .*min on 2 cores; --budget 5m makes it", out, re.M
    )
    assert bool(hours) == said and out.count("this takes") == said
    assert all(int(number) >= 2 for number in hours), "a million times 10 ms, or more"


def test_the_first_steps_do_not_foretell_the_length(capsys, monkeypatch):
    monkeypatch.setattr(bars, "REHEARSED", 0.0)
    with bars.Bar() as bar:
        bar.begin("search", [(10**6, 1.0)], shorter="on 2 cores")
        time.sleep(0.01)
        for _ in range(bars.FEWEST):
            assert "this takes" not in capsys.readouterr().out
            bar.advance()
    assert "this takes about" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("preset", "ways"), [("default", "--budget or --preset fast"), ("fast", "--budget")]
)
def test_a_long_search_is_not_told_to_be_what_it_is(dada, monkeypatch, preset, ways):
    with_losses(monkeypatch, lambda policy: 1.0)
    monkeypatch.setattr(bars, "LONG", 0.0)
    monkeypatch.setattr(bars, "REHEARSED", 0.0)
    result = dada(f"search digits --preset {preset} --operations Rotate,Invert --images 60")
    assert re.search(rf"^this takes about .*; {ways} makes it shorter$", result.out, re.M)


def test_the_time_left_of_long_work_is_not_announced_twice(capsys, monkeypatch):
    monkeypatch.setattr(bars, "REHEARSED", 0.0)
    with bars.Bar() as bar:
        bar.begin("train", [(10**6, 1.0)])
        for _ in range(5):
            time.sleep(0.01)
            bar.advance()
    assert not capsys.readouterr().out


def test_every_long_verb_announces_itself(dada, monkeypatch):
    """With every second taken for long, and from the first step."""
    monkeypatch.setattr(bars, "FEWEST", 1)
    monkeypatch.setattr(bars, "REHEARSED", 0.0)
    monkeypatch.setattr(bars, "LONG", 0.0)
    train = "train digits --model wrn-10-1 --epochs 2 --images 200"
    for command in (SEARCH, COMPARE, f"{train} -o trained"):
        out = dada(command).out
        assert len(re.findall(r"^this takes about \d+ s on 1 core; .* shorter$", out, re.M)) == 1
    monkeypatch.setattr("dada.augment.loader._TEST_IMAGES", 100)  # so that there is a second batch
    assert "this takes about 1 s on 1 core; a GPU takes less" in dada("evaluate trained").out


@pytest.mark.parametrize("verb", [SEARCH, COMPARE, "preview dada-cifar10"])
def test_a_pipe_hears_that_data_are_being_loaded(dada, monkeypatch, verb):
    def slow(*_, **__):
        time.sleep(0.3)
        raise UserError("enough of it")

    monkeypatch.setattr(bars, "SILENCE", 0.05)
    monkeypatch.setattr("dada.datasets.load", slow)
    result = dada(verb)
    assert result.code == 2 and "enough of it" in result.err
    assert result.out.splitlines()[0] == "loading digits"


def test_a_pipe_that_hears_enough_hears_no_more(capsys, monkeypatch):
    monkeypatch.setattr(bars, "SILENCE", 0.3)
    with bars.Bar() as bar:
        for number in range(8):
            bar.say(f"round {number}")
            time.sleep(0.05)
    assert capsys.readouterr().out.splitlines() == [f"round {number}" for number in range(8)]


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0:00"), (65, "1:05"), (599.6, "10:00"), (7207, "2:00:07")]
)
def test_a_time_is_short_to_read(seconds, text):
    assert bars._clock(seconds) == text


def completions(*words):
    shell = {
        "_DADA_COMPLETE": "complete_bash",
        "COMP_WORDS": " ".join(("dada", *words)),
        "COMP_CWORD": str(len(words)),
    }
    code = "import sys; sys.argv = ['dada']; from dada.cli.main import main; main()"
    result = subprocess.run(
        [sys.executable, "-c", code],
        check=False,
        env=os.environ | shell,
        capture_output=True,
        text=True,
    )
    return result.stdout.split()


def test_the_shell_completes_verbs_options_and_names():
    assert "search" in completions("sea")
    assert "--operations" in completions("search", "--oper")
    assert "cifar10-wrn-28-10" in completions("train", "--recipe", "cifar10-w")


def test_names_that_begin_alike_complete():
    assert options.POLICY("dada-") == [n for n in published_names() if n.startswith("dada-")]
    assert options.POLICY_OR_METHOD("")[:4] == ["none", *WITHOUT_SEARCH]
    assert options.RECIPE("d") == ["default", "demo"]


def test_a_reader_that_has_enough_is_no_error():
    command = f"{sys.executable} -m dada policies fast-autoaugment-cifar10 --limit 500 | head -1"
    result = subprocess.run(command, check=False, shell=True, capture_output=True, text=True)
    assert result.stdout.count("\n") == 1 and not result.stderr


def test_the_console_of_an_old_system_can_show_what_we_say(monkeypatch):
    out = io.TextIOWrapper(io.BytesIO(), encoding="cp1252")
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "argv", ["dada", "policies", "dada-cifar10"])
    with pytest.raises(SystemExit) as stop:
        main()
    assert not stop.value.code


@pytest.mark.parametrize(
    "command", [f"{SEARCH} --json pipe", f"{COMPARE} --json pipe", "preview dada-cifar10 -o pipe"]
)
def test_a_pipe_without_a_reader_is_refused_and_not_waited_for(dada, command):
    os.mkfifo("pipe")
    check_refused(dada(command), "cannot write pipe: a pipe")


def test_the_bar_leaves_no_thread_behind(monkeypatch):
    """One that drops what it has seen while Python exits would abort the process."""
    from dada.cli.bar import Bar

    monkeypatch.setattr("dada.cli.bar.SILENCE", 1e-3)
    before = threading.active_count()
    with Bar():
        assert threading.active_count() == before + 1
    assert threading.active_count() == before

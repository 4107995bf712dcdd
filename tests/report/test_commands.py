from __future__ import annotations

import shlex

from dada.report.commands import all_settings, command, repeat, resumption, source_of


def test_commands_survive_the_shell():
    text = command("search", "my photos; rm -rf /", preset="demo", out=None)
    assert shlex.split(text) == ["dada", "search", "my photos; rm -rf /", "--preset", "demo"]


def test_all_settings_are_words_that_the_command_line_reads():
    words = all_settings({"preset": "x", "seed": 1, "lr": 0.1, "model": "wrn", "operations": ["A"]})
    assert words == ["--set", "lr=0.1", "--set", "model=wrn", "--set", 'operations=["A"]']


def test_a_run_is_repeated_by_its_preset_and_by_its_settings():
    config = {"settings": {"preset": "demo", "epochs": 2}}
    again, exactly = repeat("compare", config, "digits", preset="demo", seeds=None)
    assert again == "dada compare digits --preset demo -o again"
    assert exactly == "dada compare digits --set epochs=2 --preset demo -o again"


def test_a_run_is_resumed_from_its_folder_or_from_python():
    config = {"kind": "train", "data": {"source": "photos"}}
    assert resumption(config, "my run") == "dada train --resume 'my run'"
    config["data"] = {"source": ""}
    assert resumption(config, "my run") == "dada.train(..., out='my run', resume=True)"


def test_images_given_in_python_have_a_placeholder():
    assert source_of({"data": {"source": "photos"}}) == "photos"
    assert source_of({"data": {"source": ""}}) == "DATA"

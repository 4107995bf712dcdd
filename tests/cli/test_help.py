"""What the command line says of itself."""

import re
import shlex
import subprocess
import sys

import pytest
import typer

import dada as package
from dada.cli.main import app

COMMAND = typer.main.get_command(app)
VERBS = (
    "search",
    "compare",
    "train",
    "evaluate",
    "preview",
    "policies",
    "export",
    "onnx",
    "recipes",
    "report",
)


def test_the_verbs_are_those(dada):
    assert tuple(COMMAND.commands) == VERBS
    out = dada("--help").out
    assert all(f"\n  {verb}" in out for verb in VERBS)
    assert "..." not in out.partition("Commands:")[2], (
        "a first line is too long for a line of the list"
    )


@pytest.mark.parametrize("verb", VERBS)
def test_the_help_has_an_example_that_is_a_command(verb, dada):
    result = dada(f"{verb} --help")
    assert result.code == 0 and not result.err
    example = re.search(r"Example: dada (.+)", result.out)[1]
    given, *words = shlex.split(example)
    assert given == verb
    COMMAND.commands[verb].make_context(verb, words)


def test_an_option_that_does_not_exist_would_be_noticed():
    with pytest.raises(Exception, match="No such option"):
        COMMAND.commands["search"].make_context("search", ["--nonsense"])


def test_every_option_and_argument_is_explained():
    for verb in VERBS:
        for parameter in COMMAND.commands[verb].params:
            assert parameter.help, f"{verb} {parameter.name}"


def test_no_verb_shows_the_help(dada):
    result = dada("")
    assert result.code == 0 and result.out.startswith("Usage: ") and "search" in result.out


def test_the_version(dada):
    result = dada("--version")
    assert (result.code, result.out) == (0, f"dada {package.__version__}\n")


def python(*words):
    return subprocess.run([sys.executable, *words], capture_output=True, text=True, check=False)


def test_help_loads_nothing_heavy_and_the_module_is_the_command():
    result = python("-X", "importtime", "-m", "dada", "--help")
    assert result.returncode == 0 and "Usage: python -m dada" in result.stdout
    loaded = {line.rpartition("|")[2].strip() for line in result.stderr.splitlines()}
    assert "typer" in loaded
    assert not loaded & {"torch", "torchvision", "numpy", "sklearn", "matplotlib", "pydantic"}

"""README and guide name the commands and options that there are, and all of them."""

import re
import shlex
from pathlib import Path

import pytest

from tests.cli.reference import COMMAND, PAGE, reference

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    ROOT / "docs" / "index.md",
    *sorted((ROOT / "docs/guide").glob("*.md")),
]
IDS = [page.stem for page in PAGES]
PROGRAM = {"--version", "--quiet", "--help", "--install-completion", "--show-completion"}
OPTIONS = PROGRAM | {o for c in COMMAND.commands.values() for p in c.params for o in p.opts}
ELSEWHERE = {"--rdzv-conf"}
"""Options of torchrun that the pages name by themselves."""


def code(page):
    """Lines of shell, and code in the text; not Python."""
    text = page.read_text()
    for language, block in re.findall(r"```(\w*)\n(.*?)```", text, re.S):
        if language == "sh":
            yield from block.splitlines()
    yield from re.findall(r"`([^`]+)`", re.sub(r"```.*?```", "", text, flags=re.S))


def commands(page):
    """The words after `dada` of each command, without what stands for more of them."""
    for line in code(page):
        found = re.match(r"(?:[A-Z_]+=\S+ )*(?:torchrun .*-m )?dada (.+)", " ".join(line.split()))
        if found and not found[1].startswith("-"):
            words = shlex.split(found[1], comments=True)
            yield [word for word in words if word not in ("…", "...", "--help")]


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_commands_exist_with_their_options(page):
    for verb, *words in commands(page):
        assert verb in COMMAND.commands or verb == "COMMAND", verb
        if words:
            COMMAND.commands[verb].make_context(verb, words)


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_options_that_are_named_by_themselves_exist(page):
    named = {m[1] for text in code(page) if (m := re.match(r"(--[a-z][a-z-]*)", text))}
    assert named <= OPTIONS | ELSEWHERE


def test_the_pages_have_commands():
    found = [words for page in PAGES for words in commands(page)]
    assert len(found) > 30 and {words[0] for words in found} >= set(COMMAND.commands)


def test_the_page_of_commands_is_what_the_commands_say():
    assert PAGE.read_text() == reference(), "write it again: python -m tests.cli.reference"


def test_the_page_of_commands_has_every_command_and_option():
    text = PAGE.read_text()
    for verb, command in COMMAND.commands.items():
        assert f"## dada {verb}\n" in text
        assert all(
            f"`{option}`" in text for p in command.params for option in p.opts if "-" in option
        )

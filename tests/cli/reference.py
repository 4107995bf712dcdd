"""docs/guide/commands.md from the commands themselves: python -m tests.cli.reference"""

from dataclasses import fields
from pathlib import Path

import typer

from dada.cli.common import Common
from dada.cli.main import app

PAGE = Path(__file__).parents[2] / "docs" / "guide" / "commands.md"
COMMAND = typer.main.get_command(app)
SHARED = {field.name for field in fields(Common)}
ABOUT = """# Commands

What `dada COMMAND --help` shows; a test keeps this page up to date. Every command also has
`-q`, `--quiet` (no progress, no notes) and `-h`, `--help`. The program itself has `--version`,
`--install-completion` and `--show-completion`.
"""
EVERYWHERE = {"quiet"}
USES = {verb: {p.name for p in c.params} for verb, c in COMMAND.commands.items()}


def reference():
    """The page."""
    common = [verb for verb, names in USES.items() if names >= SHARED]
    last = COMMAND.commands[common[0]].params
    parts = [
        ABOUT,
        *(verb_section(verb, verb in common) for verb in COMMAND.commands),
        f"## Shared options\n\nOf {in_words(common)}.\n\n"
        + table(p for p in last if p.name in SHARED),
    ]
    return "\n".join(parts)


def verb_section(verb, has_common):
    command = COMMAND.commands[verb]
    about, *_ = command.help.split("\n")
    shown = EVERYWHERE | (SHARED if has_common else set())
    more = "\nAnd the [shared options](#shared-options).\n" if has_common else ""
    own = table(p for p in command.params if p.name not in shown)
    return f"## dada {verb}\n\n{about}\n\n{own}{more}"


def table(parameters):
    rows = [f"| {spelling(p)} | {text(p)} |\n" for p in parameters]
    return "| | |\n|---|---|\n" + "".join(rows)


def spelling(parameter):
    if parameter.param_type_name == "argument":
        name = parameter.name.upper()
        return f"`{name}`" if parameter.required else f"`[{name}]`"
    return ", ".join(f"`{option}`" for option in sorted(parameter.opts, key=len))


def text(parameter):
    default = parameter.default
    shown = default is not None and not isinstance(default, bool) and not callable(default)
    return parameter.help + (f" [{default}]" if shown else "")


def in_words(verbs):
    *others, last = [f"`dada {verb}`" for verb in verbs]
    return f"{', '.join(others)} and {last}"


if __name__ == "__main__":
    PAGE.write_text(reference())

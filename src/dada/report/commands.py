"""Commands for people to run."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from typing import Any, NamedTuple


def command(*words: str, out: object = None, **options: object) -> str:
    """A shell command, quoted where needed; options that are None are left out.

    Examples:
        >>> command("compare", "my photos", seeds=3, out="runs/photos")
        "dada compare 'my photos' --seeds 3 -o runs/photos"
    """
    given = [(f"--{name}", str(value)) for name, value in options.items() if value is not None]
    given += [("-o", str(out))] if out is not None else []
    return shlex.join(["dada", *words, *(word for pair in given for word in pair)])


class Repeat(NamedTuple):
    """Commands that repeat a run.

    Attributes:
        again: with its preset.
        exactly: with every setting written out.
    """

    again: str
    exactly: str


def repeat(verb: str, config: Mapping[str, Any], *words: str, **options: Any) -> Repeat:
    """The commands that repeat a run, in another folder.

    Args:
        verb: such as "search".
        config: the run's.
        words, options: those besides the settings, in the order in which they are written.
    """
    settings, options = config["settings"], {**options, "out": "again"}
    return Repeat(
        command(verb, *words, **options),
        command(verb, *words, *all_settings(settings), **options),
    )


def resumption(config: Mapping[str, Any], run: object) -> str:
    """The command that resumes a run; of one whose images came from Python, what to call there.

    Args:
        config: of the run.
        run: path of its folder.

    Example:
        >>> resumption({"kind": "search", "data": {"source": "photos/"}}, "runs/photos")
        'dada search --resume runs/photos'
    """
    kind = config["kind"]
    if config["data"].get("source"):
        return command(kind, resume=run)
    return f"dada.{kind}(..., out={str(run)!r}, resume=True)"


def all_settings(settings: Mapping[str, Any]) -> list[str]:
    """Every setting as words of a command, which then does not depend on a preset.

    Examples:
        >>> all_settings({"preset": "demo", "epochs": 2, "bounds": {"Rotate": [0, 9]}})
        ['--set', 'epochs=2', '--set', 'bounds={"Rotate": [0, 9]}']
    """
    words = []
    for name, value in settings.items():
        if value is not None and name not in ("preset", "method", "seed"):
            text = value if isinstance(value, str) else json.dumps(value)
            words += ["--set", f"{name}={text}"]
    return words


def source_of(config: Mapping[str, Any]) -> str:
    """The images in a command; a placeholder for those given in Python."""
    return config["data"].get("source") or "DATA"

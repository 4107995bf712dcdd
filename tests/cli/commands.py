"""The command line, called in this process or started as its own."""

import os
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from dada.cli.main import main

TRAIN = "--preset demo --epochs 1 --images 100 --model wrn-10-1 --batch 32"
SMALL = f"{TRAIN} --operations Rotate,Color,Invert"
SEARCH = f"search digits {SMALL}"
COMPARE = f"compare digits {TRAIN} --seeds 1"


@dataclass(frozen=True)
class Result:
    code: int
    out: str
    err: str


def call(command, monkeypatch, capsys):
    """Run a command given as one line or as words; the command's name is left out."""
    words = shlex.split(command) if isinstance(command, str) else list(map(str, command))
    monkeypatch.setattr(sys, "argv", ["dada", *words])
    capsys.readouterr()
    with pytest.raises(SystemExit) as stop:
        main()
    captured = capsys.readouterr()
    return Result(stop.value.code or 0, captured.out, captured.err)


def check_refused(result, *parts):
    """One line that starts with the program's name, and says all of `parts`."""
    assert result.code == 2, result
    assert result.err.startswith("dada: ") and result.err.count("\n") == 1, result.err
    assert result.err[:-1].isprintable() and result.err.endswith("\n"), result.err
    for part in parts:
        assert part in result.err, result.err


def contents(folder):
    """Every file below a folder with its size and time: equal if nothing was written or lost."""
    found = {}
    for directory, _, files in os.walk(folder):
        found[directory] = None
        for name in files:
            status = Path(directory, name).stat()
            found[f"{directory}/{name}"] = (status.st_size, status.st_mtime_ns)
    return found

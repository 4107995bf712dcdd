"""Numbers in words, the same all over a report."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from typing import Any


def percent(share: float, places: int = 1) -> str:
    """``5.3 %``"""
    return f"{100 * share:.{places}f}\N{NO-BREAK SPACE}%"


def duration(seconds: float) -> str:
    """``42 s``, ``3 min 20 s``, ``2 h 5 min``"""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def count(number: int, noun: str) -> str:
    """``1 epoch``, ``1,437 images``"""
    plural = noun[:-1] + "ies" if noun.endswith("cy") else noun + "s"
    return f"{number:,} {noun if number == 1 else plural}"


def setting(value: Any) -> str:
    """A setting's value to read: lists with commas, nothing as a dash."""
    if value is None or value in ([], {}):
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(setting, value))
    if isinstance(value, Mapping):
        return "; ".join(f"{name} {setting(inner)}" for name, inner in value.items())
    return f"{value:g}" if isinstance(value, float) else str(value)


def command(*words: str, out: object = None, **options: object) -> str:
    """A shell command; options that are None are left out, and what needs quotes has them."""
    given = [(f"--{name}", str(value)) for name, value in options.items() if value is not None]
    given += [("-o", str(out))] if out is not None else []
    return shlex.join(["dada", *words, *(word for pair in given for word in pair)])


def all_settings(settings: Mapping[str, Any]) -> list[str]:
    """Every setting as words of a command, so that it does not depend on a preset."""
    words = []
    for name, value in settings.items():
        if value is not None and name not in ("preset", "seed"):
            text = value if isinstance(value, str) else json.dumps(value)
            words += ["--set", f"{name}={text}"]
    return words

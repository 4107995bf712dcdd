"""Numbers in words, the same throughout a report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def percent(share: float, places: int = 1) -> str:
    """A share in per cent, with a space that does not break.

    Examples:
        >>> percent(0.0534).replace("\N{NO-BREAK SPACE}", " ")
        '5.3 %'
    """
    return f"{100 * share:.{places}f}\N{NO-BREAK SPACE}%"


def duration(seconds: float) -> str:
    """A time in its two largest units.

    Examples:
        >>> duration(41.7)
        '42 s'
        >>> duration(7500)
        '2 h 5 min'
    """
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def about(seconds: float) -> str:
    """A time that is only estimated, in round numbers.

    Examples:
        >>> [about(seconds) for seconds in (0.4, 41.7, 200, 1800, 7500, 40_000)]
        ['1 s', '42 s', '3 min', '30 min', '2 h 5 min', '11 h']
    """
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    if minutes < 90:
        return f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    return f"{round(minutes / 60)} h" if hours >= 10 or not rest else f"{hours} h {rest} min"


def count(number: int, noun: str) -> str:
    """A number of things, with the noun's plural where needed.

    Args:
        number: how many.
        noun: in the singular.

    Examples:
        >>> count(1, "epoch")
        '1 epoch'
        >>> count(1437, "image")
        '1,437 images'
        >>> count(2, "sub-policy")
        '2 sub-policies'
        >>> count(2, "batch")
        '2 batches'
    """
    stem, ending = (noun[:-1], "ies") if noun.endswith("cy") else (noun, "s")
    plural = stem + ("es" if noun.endswith(("tch", "x")) else ending)
    return f"{number:,} {noun if number == 1 else plural}"


def capitalised(text: str) -> str:
    """The text with a capital first letter, otherwise unchanged.

    Examples:
        >>> capitalised("test error of RandAugment")
        'Test error of RandAugment'
    """
    return text[:1].upper() + text[1:]


def setting(value: Any) -> str:
    """A setting's value as text: lists with commas, a dash for nothing.

    Examples:
        >>> setting(["Rotate", "Invert"])
        'Rotate, Invert'
        >>> setting({"Rotate": [-5.0, 5.0]})
        'Rotate -5, 5'
        >>> setting(None)
        '–'
    """
    if value is None or value in ([], {}):
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(setting, value))
    if isinstance(value, Mapping):
        return "; ".join(f"{name} {setting(inner)}" for name, inner in value.items())
    return f"{value:g}" if isinstance(value, float) else str(value)

"""The result of a training, a test or a comparison: plain data that prints as one screen."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

from dada.errors import brief
from dada.markup import bold, table

_LABEL, _FEW, _WIDE, _LINES = 30, 8, 100, 20


class Result(dict[str, Any]):
    """A dictionary of plain data that prints one line per entry and shortens long ones.

    Numbers are printed with four digits; the values are exact.

    Examples:
        >>> Result({"test_error": 0.125, "class_errors": [0.5] * 1000})
        test_error    0.125
        class_errors  1,000 values
        >>> Result({"rows": [{"name": "crop and flip", "errors": [0.1] * 10, "mean": 0.1}]})
        rows  crop and flip (errors 10 values, mean 0.1)
    """

    def __repr__(self) -> str:
        if not self:
            return "{}"
        lines = self._lines()
        width = max(len(label) for label, _ in lines)
        return "\n".join(f"{label:<{width}}  {text}" for label, text in lines)

    def _repr_html_(self) -> str:
        """What a notebook shows: a table, and a table inside it for a list of named things."""
        rows = [(bold(brief(name, _LABEL)), _cell(value)) for name, value in self.items()]
        if len(rows) > _LINES:
            rows[_LINES - 1 :] = [(bold("…"), f"{len(rows) - _LINES + 1} more entries")]
        return table(rows)

    def _lines(self) -> list[tuple[str, str]]:
        """One screen: each entry's name, which its further lines do not repeat, and its value."""
        lines = []
        for name, value in self.items():
            first, *others = (brief(text, _WIDE) for text in _texts(value))
            lines += [(brief(name, _LABEL), first), *(("", text) for text in others)]
        if len(lines) > _LINES:
            lines[_LINES - 1 :] = [("…", f"{len(lines) - _LINES + 1} more lines")]
        return lines


def _texts(value: Any) -> list[str]:
    """A value as one line, or a list of named things as one line each."""
    return [_in_words(item) for item in value] if _are_named(value) else [_in_words(value)]


def _cell(value: Any) -> str:
    """The same for a table."""
    if not _are_named(value):
        return brief(_in_words(value), _WIDE)
    columns = list(dict.fromkeys(key for item in value[:_LINES] for key in item))[:_FEW]
    rows = [[brief(_in_words(i.get(key, "")), _LABEL) for key in columns] for i in value[:_LINES]]
    more = [f"… {len(value) - _LINES:,} more"] if len(value) > _LINES else []
    return Markup(table(rows, head=[brief(key, _LABEL) for key in columns], notes=more))


def _are_named(value: Any) -> bool:
    named = isinstance(value, list) and all(isinstance(i, dict) and "name" in i for i in value)
    return named and bool(value)


def _in_words(value: Any) -> str:
    if value is None or value in ([], {}):
        return "–"
    if isinstance(value, dict):
        inside = ", ".join(f"{k} {_in_words(v)}" for k, v in value.items() if k != "name")
        return f"{value['name']} ({inside})" if "name" in value else inside
    if isinstance(value, list | tuple):
        nested = any(isinstance(item, dict | list | tuple) for item in value)
        if nested or len(value) > _FEW:
            return f"{len(value):,} values"
        return ", ".join(map(_in_words, value))
    return f"{value:.4g}" if isinstance(value, float) else str(value)

"""The result of a training, a test or a comparison: plain data that prints as one screen."""

from __future__ import annotations

from typing import Any

from dada.errors import brief
from dada.markup import bold, table

_LABEL, _FEW, _WIDE, _LINES = 30, 8, 100, 20


class Result(dict[str, Any]):
    """A dictionary of plain data that prints one line per entry and shortens long ones.

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
        """What a notebook shows: the same lines as a table."""
        return table([(bold(label), text) for label, text in self._lines()])

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
    if isinstance(value, list) and value and all(_is_named(item) for item in value):
        return [_in_words(item) for item in value]
    return [_in_words(value)]


def _is_named(value: Any) -> bool:
    return isinstance(value, dict) and "name" in value


def _in_words(value: Any) -> str:
    if isinstance(value, dict):
        inside = ", ".join(f"{k} {_in_words(v)}" for k, v in value.items() if k != "name")
        return f"{value['name']} ({inside})" if "name" in value else inside
    if isinstance(value, list | tuple):
        nested = any(isinstance(item, dict | list | tuple) for item in value)
        if nested or len(value) > _FEW:
            return f"{len(value):,} values"
        return ", ".join(map(str, value))
    return str(value)

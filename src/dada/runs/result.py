"""The result of a training, a test or a comparison: plain data that prints as one screen."""

from __future__ import annotations

from typing import Any

from dada.errors import brief

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
        labels = [brief(name, _LABEL) for name in self]
        width = max(map(len, labels))
        lines = []
        for label, value in zip(labels, self.values(), strict=True):
            first, *others = (brief(text, _WIDE) for text in _texts(value))
            lines.append(f"{label:<{width}}  {first}")
            lines += [f"{'':<{width}}  {text}" for text in others]
        if len(lines) > _LINES:
            lines[_LINES - 1 :] = [f"… {len(lines) - _LINES + 1} more lines"]
        return "\n".join(lines)


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

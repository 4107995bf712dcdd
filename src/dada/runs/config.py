"""What a run's config.json must hold, and what must match to resume it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

_WHOLE = ("settings", "policies", "seed", "loss", "before", "after")
_PARTS = {"data": ("fingerprint",), "machine": ("device", "precision")}


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _side(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(map(_count, value))


_KINDS: dict[str, Callable[[Any], bool]] = {
    **dict.fromkeys(("data", "settings", "machine", "versions"), lambda v: isinstance(v, dict)),
    **dict.fromkeys(("data.name", "data.source"), lambda v: isinstance(v, str)),
    **dict.fromkeys(("data.train", "data.test", "data.validation", "data.channels"), _count),
    **dict.fromkeys(("data.notes", "data.skipped"), _texts),
    "data.classes": lambda value: isinstance(value, list),
    "data.side": _side,
    "policies": lambda value: isinstance(value, dict) and _texts(list(value.values())),
}


def problem(config: Any) -> str | None:
    """The first entry of a config that no run writes like this, or None. Entries may be missing.

    Examples:
        >>> problem({"kind": "search", "data": {"side": [32, 32]}})
        >>> problem({"kind": "search", "data": {"side": 32}})
        "data.side is '32'"
    """
    if not isinstance(config, Mapping):
        return "no JSON object"
    for name, fits in _KINDS.items():
        holder: Any = config
        *above, last = name.split(".")
        for part in above:
            holder = holder.get(part, {})
        if last in holder and not fits(holder[last]):
            return f"{name} is {str(holder[last])[:60]!r}"
    return None


def difference(before: dict[str, Any], now: dict[str, Any]) -> tuple[str, Any, Any] | None:
    """The first decisive entry in which two runs differ, with both values; None if none does.

    Examples:
        >>> before = {"settings": {"epochs": 20, "lr": 0.1}, "data": {"source": "photos"}}
        >>> now = {"settings": {"epochs": 30, "lr": 0.1}, "data": {"source": "/data/photos"}}
        >>> difference(before, now)
        ('settings.epochs', 20, 30)
        >>> difference(before, before | {"data": now["data"]})  # data may have moved
    """
    # Tuples come back from JSON as lists.
    left, right = _flat(_decisive(before)), _flat(_decisive(json.loads(json.dumps(now))))
    for key in sorted(left | right):
        if left.get(key) != right.get(key):
            return key, left.get(key), right.get(key)
    return None


def _decisive(config: dict[str, Any]) -> dict[str, Any]:
    """The entries that must match for a run to be resumed: not the path of its data, say."""
    parts = {k: {n: config.get(k, {}).get(n) for n in names} for k, names in _PARTS.items()}
    whole = {key: config.get(key, {}) for key in _WHOLE}
    return {"kind": config.get("kind")} | parts | whole


def _flat(config: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in config.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{key}.")
        else:
            flat[prefix + key] = value
    return flat

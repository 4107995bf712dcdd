"""The events of a run: one JSON object per line, appended as things happen."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from dada.errors import UserError
from dada.files import append_line, opened, replace_file, to_json
from dada.runs.checksum import KEY, sealed, unsealed
from dada.runs.objects import MOST


def append_event(path: Path, event: dict[str, Any]) -> None:
    """Append one line."""
    append_line(path, to_json(sealed(event)))


def write_events(path: Path, events: list[dict[str, Any]]) -> None:
    """Replace all lines."""
    lines = "".join(to_json(sealed(event)) + "\n" for event in events)
    replace_file(path, lines.encode())


def read_events(path: Path) -> tuple[list[dict[str, Any]], str | None]:
    """The events before the first damaged line, and what is wrong with it, or None.

    A last line that a killed process left unfinished is ignored.

    Raises:
        UserError: the file cannot be read.

    Examples:
        >>> from pathlib import Path
        >>> path = Path("events.jsonl")
        >>> for epoch in (1, 2):
        ...     append_event(path, {"event": "epoch", "epoch": epoch})
        >>> read_events(path)
        ([{'event': 'epoch', 'epoch': 1}, {'event': 'epoch', 'epoch': 2}], None)
        >>> _ = path.write_text(path.read_text().replace('"epoch": 2', '"epoch": 3'))
        >>> read_events(path)
        ([{'event': 'epoch', 'epoch': 1}], 'line 2 is damaged')
    """
    try:
        with opened(path, MOST) as file:
            lines = file.read().split(b"\n")
    except FileNotFoundError:
        return [], None
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from None
    found = [_event(line) for line in lines]
    if found[-1] is None:  # empty, or what a killed process left unfinished
        found.pop()
    checked = any(event and KEY in event for event in found)
    events: list[dict[str, Any]] = []
    for number, event in enumerate(found, 1):
        if event is None or (checked and KEY not in event):
            return events, f"line {number} is damaged"
        events.append({key: value for key, value in event.items() if key != KEY})
    return events, None


def _event(line: bytes) -> dict[str, Any] | None:
    """The event of a line, with its checksum if it has one; None if it is damaged."""
    try:
        event = json.loads(line)
        unsealed(event)
    except (ValueError, RecursionError, AttributeError):
        return None
    return event

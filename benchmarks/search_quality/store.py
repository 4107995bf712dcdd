"""Results as they come in, in a file of JSON lines, so that nothing is done twice.

A store needs nothing beside it: it can be copied, and gone on with on another machine.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from benchmarks._contract import machine

_MACHINE = "machine"  # the key of a line that says what measured those after it


def digest(*parts: object) -> str:
    """Of all that a result depends on: the end of its key."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


class Store:
    """Results by key.

    Args:
        path: the file; an unfinished last line, of a process that was killed, is ignored.

    Attributes:
        found: the results.
        machines: what they were measured with, each once.
    """

    def __init__(self, path: Path) -> None:
        self.path, self.found = path, dict[str, Any]()
        self.machines: list[dict[str, object]] = []
        self._signed = False
        if path.exists():
            for line in path.read_text(encoding="utf-8").splitlines():
                try:
                    key, value = json.loads(line)
                except ValueError:
                    continue
                if key == _MACHINE:
                    self._note(value)
                else:
                    self.found[key] = value

    def __contains__(self, key: str) -> bool:
        return key in self.found

    def __getitem__(self, key: str) -> Any:
        return self.found[key]

    def add(self, key: str, value: Any) -> None:
        """Keep a result."""
        if not self._signed:
            self._write(_MACHINE, here := machine())
            self._note(here)
            self._signed = True
        self.found[key] = value
        self._write(key, value)

    def _note(self, machine: dict[str, object]) -> None:
        if machine not in self.machines:
            self.machines.append(machine)

    def _write(self, key: str, value: Any) -> None:
        with self.path.open("a", encoding="utf-8") as file:
            file.write(f"\n{json.dumps([key, value])}")

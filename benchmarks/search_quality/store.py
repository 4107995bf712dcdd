"""Results as they come in, in a file of JSON lines, so that nothing is done twice."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any


def digest(*parts: object) -> str:
    """Of all that a result depends on: the end of its key."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


class Store:
    """Results by key.

    Args:
        path: the file; an unfinished last line, of a process that was killed, is ignored.
    """

    def __init__(self, path: Path) -> None:
        self.path, self.found = path, dict[str, Any]()
        if path.exists():
            for line in path.read_text(encoding="utf-8").splitlines():
                try:
                    key, value = json.loads(line)
                except ValueError:
                    continue
                self.found[key] = value

    def __contains__(self, key: str) -> bool:
        return key in self.found

    def __getitem__(self, key: str) -> Any:
        return self.found[key]

    def add(self, key: str, value: Any) -> None:
        """Keep a result."""
        self.found[key] = value
        with self.path.open("a", encoding="utf-8") as file:
            file.write(f"\n{json.dumps([key, value])}")

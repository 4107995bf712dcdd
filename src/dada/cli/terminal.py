"""What the command line prints, and where.

``--quiet`` hides progress and notes. With ``--json -`` only the result goes to standard output,
and everything else to standard error. Names of files and classes may contain control characters,
which a terminal would act on: `say` escapes them.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, TextIO

from dada.compute.job import is_first
from dada.errors import UserError, printable
from dada.files import to_json

STDOUT = Path("-")
"""Standard output, in place of a file."""


class Terminal:
    """The output of one command.

    Attributes:
        quiet: whether progress and notes are hidden.
    """

    def __init__(self) -> None:
        self.quiet = False
        self._results: TextIO | None = None

    def begin(self, quiet: bool, json: Path | None) -> None:
        """Prepare for a command, before it does anything.

        Args:
            json: the file that the result goes to as JSON, `STDOUT`, or None.

        Raises:
            UserError: the file cannot be written; better to fail before the work than after it.
        """
        self.quiet = self.quiet or quiet
        if json == STDOUT:
            self._results, sys.stdout = sys.stdout, sys.stderr
        else:
            check_writable(json)

    def end(self) -> None:
        """Clean up after a command, however it ended."""
        if self._results is not None:
            self._results, sys.stdout = None, self._results
        self.quiet = False

    def say(self, text: object, to: TextIO | None = None) -> None:
        """Print a result, of one line or several."""
        lines = str(text).replace("\N{NO-BREAK SPACE}", " ").split("\n")
        print("\n".join(map(printable, lines)), file=to or sys.stdout)

    def note(self, text: str, to: TextIO | None = None) -> None:
        """Print what was decided, left out or guessed."""
        if not self.quiet:
            self.say(f"note: {text}", to)

    def write(self, text: str) -> None:
        """Write text for another program, unchanged."""
        sys.stdout.write(text)

    def write_json(self, path: Path | None, data: Any) -> None:
        """Write a result for scripts, if a path was given."""
        if path is None or not is_first():
            return
        text = to_json(data, indent=2) + "\n"
        if path == STDOUT:
            assert self._results is not None
            self._results.write(text)
        else:
            path.write_text(text, encoding="ascii")


terminal = Terminal()


def check_writable(path: Path | None) -> None:
    """Fail before the work rather than after it.

    Raises:
        UserError: the file cannot be written, or is a pipe, which would wait for a reader.
    """
    if path is None:
        return
    try:
        if path.is_fifo():
            raise UserError(f"cannot write {path}: a pipe, not a file")
        existed = path.exists()
        with path.open("ab"):
            pass
        if not existed:
            path.unlink()
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror}") from None

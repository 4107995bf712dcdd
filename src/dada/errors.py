"""The errors of the program's own."""

from __future__ import annotations

import logging
import reprlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic import ValidationError


_BRIEF = reprlib.Repr()  # which does not look at all of a large input
_BRIEF.maxstring = _BRIEF.maxlong = _BRIEF.maxother = 60
_log = logging.getLogger("dada")


class UserError(Exception):
    """Something outside the program is wrong: a path, a file, a setting.

    The message is one line that says what is wrong, where, and what would be right; what a
    terminal would obey, in a file's name say, is escaped. The command line prints it and exits with
    code 2.
    """

    def __init__(self, message: str) -> None:
        super().__init__(printable(" ".join(message.splitlines())))


class DivergedError(ArithmeticError):
    """A loss, a weight or the policy is no longer a finite number."""


@contextmanager
def users_own(what: str) -> Iterator[None]:
    """Let what the user's own code raises pass as it is, after a line that says whose it is.

    Args:
        what: "loss", say.
    """
    try:
        yield
    except (UserError, DivergedError):
        raise
    except Exception as error:
        # On stderr, unless the user has told `logging` otherwise.
        _log.error("dada: %s that you gave raised %s:", what, type(error).__name__)
        raise


def first_line(error: ValidationError) -> str:
    """The first problem that pydantic found, as ``where: what (got value)`` on one line."""
    problem = error.errors()[0]
    where = printable(".".join(str(part)[:60] for part in problem["loc"])) or "value"
    if problem["type"] == "value_error":  # a check of our own, whose message says everything
        own = str(problem["ctx"]["error"])
        return f"{where}: {own}" if problem["loc"] else own
    try:
        got = " ".join(_BRIEF.repr(problem["input"]).split())
    except ValueError:  # an integer of thousands of digits
        got = f"a huge {type(problem['input']).__name__}"
    return f"{where}: {problem['msg']} (got {got if len(got) <= 60 else got[:57] + '...'})"


def meant(name: str, known: Iterable[str]) -> str:
    """`` (did you mean epochs?)``, or nothing where no known name is like it."""
    close = get_close_matches(name, known, n=1)
    return f" (did you mean {close[0]}?)" if close else ""


def printable(text: str) -> str:
    r"""Escape what a terminal would obey or could not show: ``a\x1b[2J`` for a name with ESC.

    File names may hold control characters, line breaks and bytes that are no text.
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def listed(names: Sequence[str]) -> str:
    """``'a', 'b'``, printable, of at most five names."""
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(f"'{printable(name)}'" for name in names[:5]) + more

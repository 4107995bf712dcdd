"""The errors that dada raises itself, and the wording of messages."""

from __future__ import annotations

import json
import logging
import reprlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic import ValidationError


_BRIEF = reprlib.Repr()  # it does not walk the whole of a large input
_BRIEF.maxstring = _BRIEF.maxlong = _BRIEF.maxother = 60
_log = logging.getLogger("dada")
_typed_in_a_shell = False


class UserError(Exception):
    """Something outside the program is wrong: a path, a file, a setting.

    The message is one line: what is wrong, where, and what would be right. Characters that a
    terminal would act on, as in a file's name, are escaped. The command line prints the message
    and exits with code 2.

    Examples:
        >>> raise UserError("epochs 0: must be at least 1")
        Traceback (most recent call last):
        dada.errors.UserError: epochs 0: must be at least 1
    """

    def __init__(self, message: str) -> None:
        super().__init__(printable(" ".join(message.splitlines())))


class DivergedError(ArithmeticError):
    """A loss, a weight or the policy is no longer a finite number."""


@contextmanager
def users_own(what: str) -> Iterator[None]:
    """Log whose code failed, then let the exception through unchanged.

    Args:
        what: the user's code, such as "loss".

    Examples:
        >>> with users_own("the loss"):
        ...     1 / 0
        Traceback (most recent call last):
        ZeroDivisionError: division by zero
    """
    try:
        yield
    except (UserError, DivergedError):
        raise
    except Exception as error:
        # To stderr, unless `logging` is configured otherwise.
        _log.error("dada: %s you passed raised %s:", what, type(error).__name__)
        raise


def first_line(error: ValidationError) -> str:
    """The first problem that pydantic found, on one line: ``where: what (got value)``."""
    problem = error.errors()[0]
    where = printable(".".join(str(part)[:60] for part in problem["loc"])) or "value"
    if problem["type"] == "value_error":  # from a validator of our own, whose message is complete
        own = str(problem["ctx"]["error"])
        return f"{where}: {own}" if problem["loc"] else own
    try:
        got = " ".join(_BRIEF.repr(problem["input"]).split())
    except ValueError:  # an integer with thousands of digits
        got = f"a huge {type(problem['input']).__name__}"
    listed = problem["type"] in ("list_type", "tuple_type")
    what = "must be a list, such as [1, 2]" if listed else problem["msg"]
    return f"{where}: {what} (got {got if len(got) <= 60 else got[:57] + '...'})"


def meant(name: str, known: Iterable[str]) -> str:
    """A hint for a misspelt name, or nothing if no known name is close.

    Examples:
        >>> meant("epoch", ["epochs", "images"])
        ' (did you mean epochs?)'
        >>> meant("xyz", ["epochs", "images"])
        ''
    """
    close = get_close_matches(name, known, n=1)
    return f" (did you mean {close[0]}?)" if close else ""


def printable(text: str) -> str:
    r"""Escape characters that a terminal would act on or could not show.

    File names may contain control characters, line breaks and bytes that are not text.

    Examples:
        >>> print(printable("cat" + chr(27) + "[2J.jpg"))
        cat\x1b[2J.jpg
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def listed(names: Sequence[str]) -> str:
    """At most five names, quoted and printable.

    Examples:
        >>> listed(["cat", "dog"])
        "'cat', 'dog'"
        >>> listed("abcdefg")
        "'a', 'b', 'c', 'd', 'e' and 2 more"
    """
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(f"'{printable(name)}'" for name in names[:5]) + more


def brief(text: object, most: int = 40) -> str:
    """A text on one line, shortened to `most` characters.

    Examples:
        >>> brief("the quick brown fox", most=10)
        'the quick…'
    """
    whole = printable(" ".join(str(text).split()))
    return whole if len(whole) <= most else f"{whole[: most - 1].rstrip()}…"


def some(names: Sequence[object], most: int = 5) -> str:
    """The first names, shortened, and how many more there are.

    Examples:
        >>> some(["cat", "dog"]), some("abcdefg")
        ('cat, dog', 'a, b, c, d, e and 2 more')
    """
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(map(brief, names[:most])) + more


@contextmanager
def command_line() -> Iterator[None]:
    """Within it this process is the command line: `option` writes for a shell."""
    global _typed_in_a_shell  # noqa: PLW0603  (a fact about the process, its threads included)
    before, _typed_in_a_shell = _typed_in_a_shell, True
    try:
        yield
    finally:
        _typed_in_a_shell = before


def option(name: str, value: object = None, *, setting: bool = False) -> str:
    """How to write an option where the message is read: in a shell, or in Python.

    Args:
        name: as Python has it.
        value: None leaves it open; in a shell True is the option alone.
        setting: whether a shell has it by ``--set``.

    Examples:
        >>> option("side"), option("resume", True), option("hypergradient", "exact", setting=True)
        ('side=', 'resume=True', "hypergradient='exact'")
        >>> with command_line():
        ...     option("side"), option("resume", True), option("balance", True, setting=True)
        ('--side', '--resume', '--set balance=true')
    """
    if not _typed_in_a_shell:
        return f"{name}={'' if value is None else repr(value)}"
    text = value if isinstance(value, str) else "" if value is None else json.dumps(value)
    if setting:
        return f"--set {name}={text}"
    return f"--{name}" if value in (None, True) else f"--{name} {text}"

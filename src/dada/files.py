"""Files: replaced whole or not at all, never through a link; JSON that every reader accepts."""

from __future__ import annotations

import json
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BufferedReader
from pathlib import Path
from typing import Any

from dada.errors import UserError

_BINARY = getattr(os, "O_BINARY", 0)  # on Windows only
_NO_LINKS = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | _BINARY


def replace_file(path: Path, *parts: bytes | memoryview, keep: Path | None = None) -> Path:
    """Write the parts to a temporary file beside `path`, flush it to disk and rename it.

    A process that is killed midway leaves no half-written file. The temporary name is unique to
    this process. Whatever is at `path` is replaced; a link is not followed.

    Args:
        keep: where the old file is moved once the new one is on disk; None discards it.

    Raises:
        UserError: the file cannot be written, or is a device or a pipe.

    Examples:
        >>> from pathlib import Path
        >>> path = replace_file(Path("notes.txt"), b"one ", b"two")
        >>> path.read_bytes()
        b'one two'
        >>> before = Path("before.txt")
        >>> replace_file(path, b"three", keep=before).read_bytes(), before.read_bytes()
        (b'three', b'one two')
    """
    if not path.name or "\0" in path.name:
        raise UserError(f"cannot write {str(path)!r}: not the name of a file")
    partial = path.with_name(f"{path.name[:40]}.{os.getpid()}-{secrets.token_hex(4)}.partial")
    try:
        if path.exists() and not path.is_file() and not path.is_dir():
            raise UserError(f"cannot write {path}: not a regular file")
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY
        with os.fdopen(os.open(partial, flags, 0o666), "wb") as file:
            for part in parts:
                file.write(part)
            file.flush()
            os.fsync(file.fileno())
        if keep is not None and os.path.lexists(path):
            path.replace(keep)
        partial.replace(path)
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror}") from None
    except ValueError as error:  # a name that the file system cannot encode
        raise UserError(f"cannot write {str(path)!r}: {error}") from None
    finally:
        with suppress(OSError, ValueError):
            partial.unlink(missing_ok=True)
    return path


def append_line(path: Path, line: str) -> None:
    """Append a line to a file and flush it to disk.

    Raises:
        UserError: the file cannot be written, or is a link, a device or a pipe.

    Examples:
        >>> from pathlib import Path
        >>> append_line(Path("log.txt"), "first")
        >>> append_line(Path("log.txt"), "second")
        >>> Path("log.txt").read_text().splitlines()
        ['first', 'second']
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | _NO_LINKS, 0o666)
        with os.fdopen(descriptor, "ab") as file:
            _check_regular(descriptor, path)
            file.write(line.encode() + b"\n")
            file.flush()
            os.fsync(descriptor)
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror}") from None


@contextmanager
def opened(path: str | Path, most: int | None = None) -> Iterator[BufferedReader]:
    """Open a regular file for reading; anything else, such as a pipe, is refused without blocking.

    Args:
        most: largest size to accept, in bytes; None for any.

    Raises:
        OSError: the file cannot be read.
        UserError: it is not a regular file, or too large.
    """
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | _BINARY
    with os.fdopen(os.open(path, flags), "rb") as file:
        _check_regular(file.fileno(), path)
        if most is not None and os.fstat(file.fileno()).st_size > most:
            raise UserError(f"{path}: too large: more than {most >> 20} MiB")
        yield file


def to_json(data: Any, **options: Any) -> str:
    """Strict JSON.

    Args:
        options: passed to `json.dumps`.

    Raises:
        UserError: a number is not finite; JSON has no way to write it.

    Examples:
        >>> to_json({"loss": 0.5})
        '{"loss": 0.5}'
        >>> to_json({"loss": float("nan")})
        Traceback (most recent call last):
        dada.errors.UserError: a result is not a finite number...
    """
    try:
        return json.dumps(data, allow_nan=False, **options)
    except ValueError as error:
        raise UserError(f"a result is not a finite number, so it is not written: {error}") from None


def _check_regular(descriptor: int, path: str | Path) -> None:
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        raise UserError(f"{path}: not a regular file")

"""One owner of a run folder at a time."""

from __future__ import annotations

import errno
import os
import socket
import warnings
from contextlib import suppress
from pathlib import Path

from dada.errors import UserError

LOCK = "run.lock"
_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)
_held: dict[str, int] = {}  # owners of folders, as locks of one process never conflict


class FolderLock:
    """Ownership of a folder, by a lock of the operating system on a file in it.

    The kernel, or a network file system's server, releases the lock when its owner dies; the file
    that is left then locks nothing. Forked children do not inherit the lock.

    Raises:
        UserError: somebody else owns the folder, or the file cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder, self._path = os.path.realpath(folder), folder / LOCK
        if _held.get(self._folder) == os.getpid():
            raise UserError(f"{folder} is in use by this process: wait until its run ends")
        self._descriptor = self._open()
        while not self._locked():  # its owner has removed the file in the meantime
            os.close(self._descriptor)
            self._descriptor = self._open()
        _held[self._folder] = os.getpid()
        with suppress(OSError):  # on a full disk the owner stays unnamed
            os.ftruncate(self._descriptor, 0)
            os.write(self._descriptor, f"process {os.getpid()} on {socket.gethostname()}".encode())

    def release(self) -> None:
        """Let others own the folder; does nothing in a forked child."""
        if _held.pop(self._folder) != os.getpid():
            return
        with suppress(OSError):
            self._path.unlink()
        os.close(self._descriptor)

    def _open(self) -> int:
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
        try:
            return os.open(self._path, flags, 0o666)
        except OSError as error:
            raise UserError(f"cannot write {self._path}: {error.strerror}") from None

    def _locked(self) -> bool:
        """Take the lock; whether it is on the file that others will find."""
        try:
            _take(self._descriptor)
            return os.path.samestat(os.fstat(self._descriptor), self._path.lstat())
        except FileNotFoundError:
            return False
        except OSError as error:
            if error.errno in _NO_LOCKS:
                warnings.warn(
                    f"the file system of {self._path.parent} has no locks: do not start a second "
                    "run in this folder",
                    stacklevel=2,
                )
                return True
            owner = _owner(self._descriptor)
            os.close(self._descriptor)
            raise UserError(
                f"{self._path.parent} is in use by {owner}: wait until it ends, "
                "or choose another folder"
            ) from None


def _owner(descriptor: int) -> str:
    with suppress(OSError):
        return os.read(descriptor, 200).decode(errors="replace") or "another process"
    return "another process"


def _take(descriptor: int) -> None:
    """Lock the file without waiting.

    Raises:
        OSError: another process has it, or there are no locks.
    """
    try:
        import fcntl  # noqa: PLC0415  (not on Windows)
    except ImportError:
        import msvcrt  # noqa: PLC0415

        os.lseek(descriptor, 2**30, os.SEEK_SET)  # beyond the text, which others read
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
        os.lseek(descriptor, 0, os.SEEK_SET)
    else:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)

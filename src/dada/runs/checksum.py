"""Checksums inside a run's files, so that damage is noticed.

A JSON object carries a checksum of all its other entries. A file of tensors carries one as the
comment of its zip archive, which `torch.load` and every unzip ignore. Files of older releases have
none.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any, BinaryIO

from dada.files import to_json

KEY = "checksum"
_MARK, _DIGITS, _BLOCK = b"sha256:", 64, 2**20
_END = b"PK\x05\x06"  # begins the last record of a zip archive, 22 bytes without a comment


class DamagedError(ValueError):
    """A file is not what was written."""


def sealed(data: dict[str, Any]) -> dict[str, Any]:
    """The object with its checksum as the last entry.

    Examples:
        >>> sealed({"epoch": 3})
        {'epoch': 3, 'checksum': '...'}
        >>> unsealed(sealed({"epoch": 3}))
        {'epoch': 3}
    """
    return {**data, KEY: _digest(data)}


def unsealed(data: dict[str, Any]) -> dict[str, Any]:
    """The object without its checksum.

    Raises:
        DamagedError: the checksum does not match.

    Examples:
        >>> unsealed(sealed({"epoch": 3}) | {"epoch": 4})
        Traceback (most recent call last):
        dada.runs.checksum.DamagedError: damaged: its checksum does not match
    """
    rest = {key: value for key, value in data.items() if key != KEY}
    if KEY in data and data[KEY] != _digest(rest):
        raise DamagedError("damaged: its checksum does not match")
    return rest


def _digest(data: dict[str, Any]) -> str:
    """16 hexadecimal digits, the same before the object is written and after it is read."""
    plain = json.loads(json.dumps(data))
    return hashlib.sha256(to_json(plain, sort_keys=True).encode()).hexdigest()[:16]


def sealed_zip(archive: memoryview) -> tuple[memoryview, bytes]:
    """A zip archive without a comment as two parts: all but its last two bytes, and the rest."""
    length = len(_MARK) + _DIGITS
    tail = length.to_bytes(2, "little") + _MARK
    digest = hashlib.sha256(archive[:-2])
    digest.update(tail)
    return archive[:-2], tail + digest.hexdigest().encode()


def check_zip(file: BinaryIO) -> None:
    """Compare the archive with its checksum; the position is at the start afterwards.

    Raises:
        DamagedError: it is not a whole archive, or the checksum does not match.
    """
    size = file.seek(0, 2)
    file.seek(max(0, size - 22))
    if file.read(4) == _END:  # without a comment, from an older release
        file.seek(0)
        return
    left = max(0, size - _DIGITS)
    file.seek(max(0, left - len(_MARK)))
    if file.read(len(_MARK)) != _MARK:
        raise DamagedError("not a checkpoint of this program, or cut off")
    digest = hashlib.sha256()
    file.seek(0)
    while left:
        block = file.read(min(left, _BLOCK))
        if not block:
            raise DamagedError("cut off while it was read")
        digest.update(block)
        left -= len(block)
    if file.read(_DIGITS) != digest.hexdigest().encode():
        raise DamagedError("damaged: its checksum does not match")
    file.seek(0)

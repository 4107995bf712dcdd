"""Strip a picture's metadata: text, colour profiles, thumbnails.

Pillow refuses a whole file because of a broken comment, and only the orientation matters here.
"""

import io
import re
import struct
import zlib
from typing import BinaryIO

_PNG, _JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8"
_MOST_BYTES = 2**28  # read from a file: more than the largest picture that is decoded
_CHUNKS = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"}
_ADOBE = 12  # bytes in the segment that defines how a JPEG's colours are coded


def without_metadata(source: BinaryIO) -> BinaryIO:
    """Return a PNG, JPEG or AVIF with only what is needed to decode it upright.

    Other formats are returned unchanged.
    """
    source.seek(0)
    start = source.read(12)
    source.seek(0)
    for is_format, strip in (
        (start.startswith(_PNG), _bare_png),
        (start.startswith(_JPEG), _bare_jpeg),
        (start[4:8] == b"ftyp", _bare_avif),
    ):
        if is_format:
            return io.BytesIO(strip(source.read(_MOST_BYTES)))
    return source


def _bare_png(data: bytes) -> bytes:
    kept, at = [_PNG], len(_PNG)
    while at + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        kind, end = data[at + 4 : at + 8], at + 12 + length
        exif = kind == b"eXIf" and data[end - 4 : end] == _checksum(data[at + 4 : end - 4])
        if kind in _CHUNKS or exif:
            kept.append(data[at:end])
        at = end
    return b"".join(kept)


def _checksum(chunk: bytes) -> bytes:
    return struct.pack(">I", zlib.crc32(chunk))


def _bare_jpeg(data: bytes) -> bytes:
    kept, at = [_JPEG], len(_JPEG)
    while at + 4 <= len(data) and data[at] == 0xFF and data[at + 1] != 0xDA:  # pixels begin there
        if data[at + 1] == 0xFF:  # a fill byte
            at += 1
            continue
        (length,) = struct.unpack_from(">H", data, at + 2)
        segment = data[at : at + 2 + length]
        if _is_needed(segment):
            kept.append(segment)
        at += 2 + length
    return b"".join([*kept, data[at:]])


def _is_needed(segment: bytes) -> bool:
    marker = segment[1]
    if marker == 0xEE:
        return segment[4:9] == b"Adobe" and len(segment) >= 4 + _ADOBE
    if marker == 0xE1:
        return segment[4:10] == b"Exif\0\0"
    return not (0xE0 <= marker <= 0xEF or marker == 0xFE)


def _bare_avif(data: bytes) -> bytes:
    # In the table of items, change the item's type to one that no reader knows.
    return re.sub(rb"(infe.{8}(?:..)?)Exif", rb"\1none", data, count=1, flags=re.DOTALL)

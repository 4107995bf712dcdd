"""Files of one JSON object, with a checksum as its last entry."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from dada.errors import UserError
from dada.files import opened, replace_file, to_json
from dada.runs.checksum import DamagedError, sealed, unsealed

MOST = 2**28
"""The largest JSON file, in bytes, as it is read at once; the events of a thousand epochs take ten
million."""


def write_object(path: Path, data: dict[str, Any]) -> Path:
    """Replace a file, once the new one is safely on disk.

    Examples:
        >>> from pathlib import Path
        >>> read_object(write_object(Path("result.json"), {"test_error": 0.25}))
        {'test_error': 0.25}
    """
    text = to_json(sealed(data), indent=2, ensure_ascii=False) + "\n"
    # Names that are not UTF-8 have lone surrogates: escaped, they survive in JSON.
    return replace_file(path, text.encode(errors="backslashreplace"))


def read_object(path: Path) -> Any:
    """What `write_object` wrote; other JSON is returned as it is.

    Raises:
        UserError: the file is missing or damaged.
    """
    try:
        with opened(path, MOST) as file:
            data = json.loads(file.read().decode())
        return unsealed(data) if isinstance(data, dict) else data
    except DamagedError as error:
        raise UserError(f"{path}: {error}") from None
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(f"{path}: cannot be read ({error})") from None

"""JSON of bounded size, and its entries with their types checked."""

import json
from pathlib import Path
from typing import Any

from dada.compute.memory import available
from dada.errors import UserError
from dada.files import opened

_MOST = 2**30  # bytes of a file; COCO's largest has 450 MB
_GROWTH = 8  # bytes of memory for each byte of JSON


def read_json(path: Path) -> Any:
    """Read a JSON file.

    Raises:
        UserError: it is broken, or too large; the message names its line.
    """
    try:
        with opened(path, _MOST) as file:
            size = path.stat().st_size
            if size * _GROWTH > available():
                raise UserError(f"{path}: {size >> 20} MiB of JSON do not fit in memory")
            return json.loads(file.read().decode("utf-8-sig"), parse_constant=_refuse)
    except json.JSONDecodeError as error:
        raise UserError(f"{path}:{error.lineno}: not JSON: {error.msg}") from None
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path}: not JSON: {' '.join(str(error).split())[:100]}") from None


def entry(data: Any, key: str, kind: type | tuple[type, ...], where: object) -> Any:
    """An entry of a JSON object.

    Raises:
        UserError: it is missing, or has another type.
    """
    value = data.get(key) if isinstance(data, dict) else None
    if not isinstance(value, kind) or isinstance(value, bool):
        got = "missing" if value is None else f"{' '.join(repr(value)[:40].split())}"
        names = {dict: "an object", list: "a list", str: "text", int: "a whole number"}
        wanted = names.get(kind, "a number") if isinstance(kind, type) else "a number or text"
        raise UserError(f"{where}: {key} is {got}: must be {wanted}")
    return value


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not a number in JSON")

"""Files of tensors and plain data, with a checksum that `torch.load` ignores."""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import Any

import torch

from dada.errors import UserError
from dada.files import opened, replace_file
from dada.runs.checksum import DamagedError, check_zip, sealed_zip


def write_tensors(path: Path, state: dict[str, Any], keep: Path | None = None) -> None:
    """Replace a file, once the new one is safely on disk.

    Args:
        keep: where the old one goes; None discards it.
    """
    # When it writes to a file, `torch.save` turns both Ctrl-C and a full disk into a RuntimeError.
    memory = io.BytesIO()
    torch.save(state, memory)
    replace_file(path, *sealed_zip(memory.getbuffer()), keep=keep)


def read_tensors(path: Path) -> dict[str, Any]:
    """What `write_tensors` wrote, on the CPU.

    Raises:
        UserError: the file is missing, damaged or holds more than tensors and plain data.

    Examples:
        >>> import torch
        >>> from pathlib import Path
        >>> path = Path("state.pt")
        >>> write_tensors(path, {"epoch": 3, "weights": torch.ones(2)})
        >>> read_tensors(path)
        {'epoch': 3, 'weights': tensor([1., 1.])}
    """
    try:
        with opened(path) as file, warnings.catch_warnings(action="ignore"):
            check_zip(file)
            state = torch.load(file, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise UserError(f"{path}: no such file") from None
    except UserError:
        raise
    except DamagedError as error:
        raise UserError(f"{path}: {error}") from None
    except Exception as error:  # unpickling fails in many ways, all the file's fault
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UserError(f"{path}: not a checkpoint of this program ({reason:.80})") from None
    if not isinstance(state, dict):
        raise UserError(f"{path}: not a checkpoint of this program")
    return state

"""Where a network runs, and in which precision."""

from __future__ import annotations

import torch

from dada.errors import UserError


def pick_device(name: str = "auto") -> torch.device:
    """The device with that name; "auto" is the first GPU if there is one, else the CPU.

    Raises:
        UserError: this machine has no such device.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError, NotImplementedError, TypeError, ValueError):
        raise UserError(f"no device {name!r} here: try {_devices()} or auto") from None
    if device.type not in ("cpu", "cuda"):
        raise UserError(f"device {name!r}: only cpu and cuda are supported")
    return device


def _devices() -> str:
    gpus = (f"cuda:{number}" for number in range(torch.cuda.device_count()))
    return ", ".join(("cpu", *gpus))


def machine_in_words(device: torch.device) -> str:
    """What the work runs on: ``2 cores``, or the GPU's name."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    threads = torch.get_num_threads()
    return "1 core" if threads == 1 else f"{threads} cores"


def best_precision(device: torch.device, wanted: str = "auto") -> torch.dtype:
    """bfloat16 if the processor multiplies it natively, else float32.

    Args:
        device: where networks run.
        wanted: "float32" or "bfloat16" instead, or "auto".
    """
    if wanted != "auto":
        return torch.bfloat16 if wanted == "bfloat16" else torch.float32
    if device.type == "cuda":
        fast = torch.cuda.get_device_capability(device) >= (8, 0)
    else:  # AVX-512 alone halves the time of a search step, tiles (AMX) save more
        fast = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return torch.bfloat16 if fast else torch.float32

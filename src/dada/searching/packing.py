"""Tensors on their way from the process that made them."""

from __future__ import annotations

import io
from typing import Any

import torch


def packed(state: dict[str, Any]) -> bytes:
    """As bytes, which outlive the process: tensors would be shared memory, which ends with it."""
    memory = io.BytesIO()
    torch.save(state, memory)
    return memory.getvalue()


def unpacked(state: bytes) -> dict[str, Any]:
    """The same as tensors and plain data, on the CPU."""
    found: dict[str, Any] = torch.load(io.BytesIO(state), map_location="cpu", weights_only=True)
    return found

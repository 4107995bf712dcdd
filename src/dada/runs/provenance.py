"""Where a result comes from: the versions of the software, and a fingerprint of the data."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Callable, Mapping
from typing import Any

import PIL
import torch
import torchvision
from pydantic import BaseModel
from torch import Tensor

from dada import __version__
from dada.compute.device import best_precision
from dada.datasets import Dataset, FileDataset


def versions() -> dict[str, str]:
    """Versions of everything that a result depends on."""
    return {
        "dada": __version__,
        "torch": torch.__version__,
        "torchvision": torchvision.__version__,
        "pillow": PIL.__version__,
        "python": platform.python_version(),
    }


def describe_machine(device: torch.device, precision: str) -> dict[str, Any]:
    """Device, precision and threads, on which the last bits of a result depend.

    Args:
        precision: the setting; "auto" is resolved.
    """
    return {
        "device": device.type,
        "precision": str(best_precision(device, precision)).removeprefix("torch."),
        "threads": torch.get_num_threads(),
    }


def describe_run(
    kind: str,
    *,
    dataset: Dataset | FileDataset,
    source: str,
    settings: BaseModel,
    device: torch.device,
    hooks: Mapping[str, Callable[..., Any] | None],
) -> dict[str, Any]:
    """A run's config: data, settings, versions and machine.

    Args:
        kind: "search", "compare" or "train".
        source: as in `describe_data`.
        settings: the resolved settings, with a `precision`.
        hooks: the user's own code, by parameter; a file can keep only its name.
    """
    values = settings.model_dump(mode="json")
    return {
        "kind": kind,
        "data": describe_data(dataset, source),
        "settings": values,
        "versions": versions(),
        "machine": describe_machine(device, values["precision"]),
        **{part: _name_of(code) for part, code in hooks.items() if code is not None},
    }


def _name_of(code: Callable[..., Any]) -> str:
    return getattr(code, "__name__", type(code).__name__)


def file_fingerprint(dataset: FileDataset) -> str:
    """16 hexadecimal digits that change with any file's name, size or label."""
    digest = hashlib.sha256(str(dataset.side).encode())
    parts = [dataset.train, dataset.test, dataset.validation]
    for part in (part for part in parts if part is not None):
        for mark in part.marks():
            digest.update(mark.encode(errors="surrogateescape"))  # names need not be text
    return digest.hexdigest()[:16]


def fingerprint(*tensors: Tensor) -> str:
    """16 hexadecimal digits that change with any byte, shape or type of the tensors."""
    digest = hashlib.sha256()
    for tensor in tensors:
        digest.update(f"{tensor.dtype}{tuple(tensor.shape)}".encode())
        digest.update(tensor.contiguous().cpu().numpy().data)  # its bytes, where they are
    return digest.hexdigest()[:16]


def describe_data(dataset: Dataset | FileDataset, source: str) -> dict[str, Any]:
    """The description of data in a run's config, as plain data.

    Args:
        source: the name or path that it was loaded from; empty if it came from Python.
    """
    whole = getattr(dataset, "files", None) or dataset
    return {
        "name": dataset.name,
        "source": source,
        "fingerprint": _fingerprint(dataset),
        "train": len(whole.train),
        "test": len(whole.test),
        **({} if whole.validation is None else {"validation": len(whole.validation)}),
        "classes": list(dataset.classes),
        **dataset.task.recorded,
        "channels": dataset.channels,
        "side": list(dataset.side),
        "notes": list(dataset.notes),
        "skipped": list(dataset.skipped),
    }


def _fingerprint(dataset: Dataset | FileDataset) -> str:
    """The fingerprint of all decoded images, and of the file list if not all were decoded."""
    if isinstance(dataset, FileDataset):
        return file_fingerprint(dataset)
    parts = [dataset.train, dataset.test, dataset.validation]
    tensors = [t for part in parts if part is not None for t in (part.images, part.labels)]
    files = [] if dataset.files is None else [file_fingerprint(dataset.files).encode()]
    rest = [torch.tensor(list(digest), dtype=torch.uint8) for digest in files]
    return fingerprint(*tensors, *rest)

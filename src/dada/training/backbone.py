"""A backbone that starts from the weights of a training, as in the paper's transfer."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple, TypeVar

import torch
from torch import nn

from dada.datasets import Dataset, FileDataset
from dada.errors import UserError, some
from dada.models import create
from dada.models.backbone import Loaded, State, load_backbone
from dada.models.pretrained import Statistics, read_weights
from dada.names import WEIGHTS
from dada.report.numbers import count
from dada.runs import RunFolder
from dada.runs.provenance import fingerprint

AnyDataset = TypeVar("AnyDataset", bound=Dataset | FileDataset)

_LAST = WEIGHTS["last"]


class Backbone(NamedTuple):
    """Weights for a backbone, and where they come from.

    Attributes:
        file: their file.
        state: the weights by name, those of the last layer included.
        statistics: what the images were normalised with that they were trained on; None if unknown.
        fingerprint: of the weights.
    """

    file: str
    state: State
    statistics: Statistics | None
    fingerprint: str


def backbone_at(given: str) -> Backbone:
    """The weights in a run folder of a training, its last ones, or in a file.

    Raises:
        UserError: neither is there, the run is no training, or the file holds no weights.
    """
    path = Path(given).expanduser()
    if not path.exists():
        raise UserError(f"backbone {given}: no such run folder or file of weights")
    file = path / _LAST if path.is_dir() else path
    if path.is_dir() and not file.is_file():
        raise UserError(f"backbone {given}: no run folder with the weights of a training, {_LAST}")
    return _read(str(path), file.stat().st_mtime_ns)


@lru_cache(maxsize=1)  # a comparison starts many networks from it
def _read(given: str, changed: int) -> Backbone:
    path = Path(given)
    if not path.is_dir():
        state = read_weights(given)
        return Backbone(given, state, None, fingerprint(*state.values()))
    run = RunFolder.open(path)
    settings, state = run.config.get("settings", {}), run.load_tensors(_LAST)
    known = settings.get("mean") and settings.get("std")
    seen = Statistics(tuple(settings["mean"]), tuple(settings["std"])) if known else None
    return Backbone(str(path / _LAST), state, seen, fingerprint(*state.values()))


def start_backbone(network: nn.Module, given: str) -> Loaded:
    """Give a network's backbone these weights.

    Raises:
        UserError: as `backbone_at`, or they are not those of its backbone.
    """
    found = backbone_at(given)
    return load_backbone(network, found.state, f"backbone {found.file}")


def noted(dataset: AnyDataset, model: str, given: str | None) -> AnyDataset:
    """The data with a note on which weights its network's backbone starts from.

    Args:
        model: the network, by its name in `dada.models.create`.
        given: run folder or file; None leaves the data as they are.

    Raises:
        UserError: as `start_backbone`.
    """
    if given is None:
        return dataset
    found = backbone_at(given)
    with torch.device("meta"):  # names and shapes are enough
        network = create(model, len(dataset.classes), dataset.channels)
        state = {
            name: torch.empty_like(tensor, device="meta") for name, tensor in found.state.items()
        }
    loaded = load_backbone(network, state, f"backbone {found.file}")
    note = (
        f"{loaded.place} of {model} starts from {count(loaded.tensors, 'tensor')} of "
        f"{found.file}; left out: {some(loaded.left) or 'nothing'}"
    )
    return replace(dataset, notes=(*dataset.notes, note))

"""Searches by trials, as small as can be."""

import torch

from dada.compute.distributed import ALONE
from dada.searching.run import new_search
from dada.searching.settings import for_dataset, make_settings

FEW = {
    "model": "proxy-4",
    "images": 60,
    "epochs": 2,
    "batch": 15,
    "precision": "float32",
    "operations": ("Rotate", "Invert", "Brightness"),
}


def begin(digits, processes=ALONE, **settings):
    """A search at its beginning."""
    chosen = for_dataset(make_settings(**{**FEW, **settings}), digits)
    return new_search(chosen, digits, None, torch.device("cpu"), processes)

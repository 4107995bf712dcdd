"""Maps of pictures, read and packed in threads."""

import time

import numpy as np
import pytest
import torch

from dada.datasets.annotated import packing
from dada.datasets.annotated.packing import packed
from dada.errors import UserError

BYTE = np.dtype(np.uint8)


def test_maps_are_in_the_order_of_their_pictures():
    maps = packed("maps", lambda index: np.full((2, 3), index, np.uint8), (40, 2, 3), BYTE)
    assert torch.equal(maps[:][:, 1, 2], torch.arange(40, dtype=torch.uint8))


def test_of_no_pictures_there_are_none():
    assert packed("maps", lambda index: np.zeros((2, 3), np.uint8), (0, 2, 3), BYTE).shape == (
        0,
        2,
        3,
    )


def test_the_first_error_ends_the_reading():
    read = []

    def one(index):
        read.append(index)
        time.sleep(0.02)
        if index == 3:
            raise UserError("map 3 is broken")
        return np.zeros((2, 3), np.uint8)

    with pytest.raises(UserError, match="map 3 is broken"):
        packed("maps", one, (2000, 2, 3), BYTE)
    assert len(read) < 1000


def test_maps_that_will_not_fit_are_refused_while_they_are_read(monkeypatch):
    noise = np.random.default_rng(0).integers(0, 255, (100, 100), np.uint8)
    monkeypatch.setattr(packing, "_OFTEN", 4)
    monkeypatch.setattr("dada.compute.memory.available", lambda: 10 * noise.nbytes)
    assert len(packed("maps", lambda index: noise, (8, 100, 100), BYTE)) == 8
    with pytest.raises(UserError, match=r"maps: 9,996 images take 0\.1 GiB"):
        packed("maps", lambda index: noise, (10_000, 100, 100), BYTE)

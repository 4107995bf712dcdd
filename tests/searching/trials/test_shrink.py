"""Large pictures made small for trials."""

from dataclasses import replace

import pytest
import torch
from PIL import Image

import dada
from dada.datasets import Dataset, ImageSet
from dada.searching.trials.shrink import shrunk
from tests.searching.trials.conftest import FEW


def pictures(height, width, channels=3, count=20):
    generator = torch.Generator().manual_seed(0)
    shape = (count, channels, 1 + height // 8, 1 + width // 8)
    coarse = torch.rand(shape, generator=generator)
    images = torch.nn.functional.interpolate(coarse, (height, width), mode="bilinear")
    part = ImageSet((255 * images).byte(), torch.arange(count) % 2)
    return Dataset("pictures", part, part, ("a", "b"))


def test_pillow_would_make_the_same_pictures():
    dataset = pictures(96, 192)
    small = shrunk(dataset)
    assert small.side == (32, 64) and "32x64 pixels of 96x192" in small.notes[-1]
    for before, after in zip(dataset.train.images, small.train.images, strict=True):
        picture = Image.fromarray(before.permute(1, 2, 0).numpy())
        expected = torch.tensor(list(picture.resize((64, 32), Image.BILINEAR).tobytes()))
        off = (after.permute(1, 2, 0).flatten().long() - expected).abs()
        assert off.max() <= 1


@pytest.mark.parametrize(("side", "channels"), [((64, 64), 3), ((8, 8), 1), ((100, 100), 80)])
def test_small_pictures_and_those_of_very_many_channels_stay(side, channels):
    dataset = pictures(*side, channels=channels, count=2)
    assert shrunk(dataset) is dataset


def test_a_search_shrinks_unless_the_network_or_a_transform_is_the_users(tmp_path):
    dataset = pictures(72, 72)
    given = {**FEW, "images": 20, "batch": 5, "epochs": 1}
    sizes = {}
    for name, more in {
        "own choice": {"model": None},
        "named": {},
        "transform": {"model": None, "before": torch.nn.Identity()},
    }.items():
        dada.search(dataset, out=tmp_path / name, **{**given, **more})
        text = (tmp_path / name / "config.json").read_text()
        sizes[name] = "64x64 pixels of 72x72" in text
    assert sizes == {"own choice": True, "named": False, "transform": False}
    assert replace(dataset).side == (72, 72)

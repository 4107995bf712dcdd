"""Large pictures made small for trials."""

import json
import re

import pytest
import torch
from PIL import Image

import dada
from dada.datasets import Dataset, ImageSet
from dada.searching.shrink import shrunk
from dada.searching.trials import Trials
from tests.searching.trials import FEW


def pictures(height, width, channels=3, count=20):
    generator = torch.Generator().manual_seed(0)
    shape = (count, channels, 1 + height // 8, 1 + width // 8)
    coarse = torch.rand(shape, generator=generator)
    images = torch.nn.functional.interpolate(coarse, (height, width), mode="bilinear")
    return ImageSet((255 * images).byte(), torch.arange(count) % 2)


def test_pillow_would_make_the_same_pictures():
    images = pictures(96, 192)
    small = shrunk(images, 64)
    assert small.images.shape[2:] == (32, 64) and torch.equal(small.labels, images.labels)
    for before, after in zip(images.images, small.images, strict=True):
        picture = Image.fromarray(before.permute(1, 2, 0).numpy())
        expected = torch.tensor(list(picture.resize((64, 32), Image.BILINEAR).tobytes()))
        off = (after.permute(1, 2, 0).flatten().long() - expected).abs()
        assert off.max() <= 1


@pytest.mark.parametrize(("side", "channels"), [((64, 64), 3), ((8, 8), 1), ((100, 100), 80)])
def test_small_pictures_and_those_of_very_many_channels_stay(side, channels):
    images = pictures(*side, channels=channels, count=2)
    assert shrunk(images, 64) is images


OWN = [
    ({"model": None}, 64, (8, 0)),  # Cutout as in a training at full size: none
    ({"model": None, "pixels": 40}, 40, (5, 0)),
    ({}, 72, (9, 0)),  # the network is the user's
    ({"model": None, "before": torch.nn.Identity()}, 72, (9, 0)),
]


@pytest.mark.parametrize(("more", "pixels", "padding_and_cutout"), OWN)
def test_trials_see_small_pictures_unless_the_user_has_a_say(
    tmp_path, more, pixels, padding_and_cutout, monkeypatch
):
    part, seen = pictures(72, 72), set()
    original = Trials.trial

    def call(self, policy, fold, *given, **named):
        seen.add(tuple(fold.train.images.shape[2:]))
        return original(self, policy, fold, *given, **named)

    monkeypatch.setattr(Trials, "trial", call)
    given = {**FEW, "images": 20, "batch": 5, "epochs": 1, **more}
    dada.search(Dataset("pictures", part, part, ("a", "b")), out=tmp_path / "run", **given)
    config = json.loads((tmp_path / "run" / "config.json").read_text())
    assert seen == {(pixels, pixels)} and config["data"]["side"] == [72, 72]
    settings = config["settings"]
    assert (settings["padding"], settings["cutout"]) == padding_and_cutout
    notes = " ".join(config["data"]["notes"])
    assert bool(re.search("trials see images at 64 pixels", notes)) == (more == OWN[0][0])

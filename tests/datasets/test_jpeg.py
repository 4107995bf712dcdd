"""What is decoded straight into a tensor has Pillow's bytes; all else is left to Pillow."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.transforms.v2.functional import pil_to_tensor

from dada.datasets import ImageFiles, jpeg
from dada.datasets.jpeg import read_jpeg
from dada.errors import UserError

NOISE = np.random.default_rng(0).integers(0, 256, (9, 7, 3), dtype=np.uint8)
PICTURE = Image.fromarray(NOISE).resize((43, 61), Image.Resampling.BICUBIC)


def saved(path, picture=PICTURE, **options):
    picture.save(path, **options)
    return str(path)


def turned(by):
    exif = Image.Exif()
    exif[0x0112] = by
    return exif


@pytest.mark.parametrize(
    "options",
    [
        *({"subsampling": name, "quality": 60} for name in ("4:4:4", "4:2:2", "4:2:0")),
        {"progressive": True},
        {"keep_rgb": True},
        {"exif": turned(1)},
    ],
)
def test_an_ordinary_jpeg_has_pillows_bytes(tmp_path, options):
    file = saved(tmp_path / "a.jpg", **options)
    expected = pil_to_tensor(Image.open(file).convert("RGB"))
    assert torch.equal(read_jpeg(file), expected)
    assert torch.equal(ImageFiles((file,), torch.tensor([0])).pixels(0), expected)


@pytest.mark.parametrize(
    ("name", "picture", "options"),
    [
        ("a.png", PICTURE, {}),
        ("a.jpg", PICTURE.convert("L"), {}),
        ("a.jpg", PICTURE.convert("CMYK"), {}),
        ("a.jpg", PICTURE, {"exif": turned(6)}),
    ],
)
def test_what_is_unusual_goes_by_pillow(tmp_path, name, picture, options):
    files = ImageFiles((saved(tmp_path / name, picture, **options),), torch.tensor([0]))
    assert read_jpeg(files.files[0]) is None
    assert torch.equal(files.pixels(0), pil_to_tensor(files.read(0)))


def test_grey_files_are_not_read_in_colour(tmp_path):
    files = ImageFiles((saved(tmp_path / "a.jpg"),), torch.tensor([0]), channels=1)
    assert torch.equal(files.pixels(0), pil_to_tensor(files.read(0)))


def test_a_large_picture_waits_for_its_turn(tmp_path, monkeypatch):
    monkeypatch.setattr(jpeg, "LARGE", 43 * 61 - 1)
    assert read_jpeg(saved(tmp_path / "a.jpg")) is None


def test_a_broken_file_is_pillows_to_refuse(tmp_path):
    path = tmp_path / "a.jpg"
    whole = Path(saved(path)).read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    files = ImageFiles((str(path), str(tmp_path / "none.jpg")), torch.tensor([0, 0]))
    for index in range(2):
        assert read_jpeg(files.files[index]) is None
        with pytest.raises(UserError, match="cannot be read"):
            files.pixels(index)

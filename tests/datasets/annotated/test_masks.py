"""Masks: how values become classes, and what is refused."""

import numpy as np
import pytest
from PIL import Image

from dada.datasets.annotated.find import list_annotated
from dada.datasets.annotated.mask_files import nearest, read_mask
from dada.errors import UserError
from tests.datasets.annotated.formats import write, write_mask, write_masks, write_picture


def make(root, *masks):
    for name, values in zip("abc", masks, strict=False):
        write_picture(root / "images" / f"{name}.png", values.shape)
        write_mask(root / "masks" / f"{name}.png", values)
    return root


def square(*values):
    """Four quarters of one value each."""
    return np.kron(np.reshape(values, (2, 2)), np.ones((8, 8))).astype(np.uint8)


def test_only_0_and_255_are_two_classes(tmp_path):
    listing = list_annotated(make(tmp_path, square(0, 255, 0, 0), square(0, 0, 0, 0)), side=16)
    assert listing.train.labels[[0]][0].tolist() == square(0, 1, 0, 0).tolist()
    assert listing.classes == ("class 0", "class 1")
    assert "masks have the values 0 and 255 only: 255 is class 1" in listing.notes


def test_with_other_values_255_is_ignored(tmp_path):
    listing = list_annotated(make(tmp_path, square(0, 255, 0, 1)), side=16)
    assert listing.train.labels[[0]][0].tolist() == square(0, 255, 0, 1).tolist()
    assert "pixels of value 255 are ignored" in listing.notes


def test_values_without_names_are_numbered_and_called_by_value(tmp_path):
    listing = list_annotated(make(tmp_path, square(10, 255, 200, 10), square(30, 30, 30, 30)), 16)
    assert listing.train.labels[:][:, 0, 0].tolist() == [0, 1]
    assert listing.train.labels[[0]][0].tolist() == square(0, 255, 2, 0).tolist()
    assert listing.classes == ("class 10", "class 30", "class 200")
    assert "values 10, 30, 200 are numbered from 0 to 2" in listing.notes


def test_names_are_by_value(tmp_path):
    write(make(tmp_path, square(0, 2, 0, 0)) / "classes.txt", "sky\ncat\ndog\n")
    listing = list_annotated(tmp_path, side=16)
    assert listing.classes == ("sky", "cat", "dog")
    assert listing.train.labels[:].max() == 2
    write(tmp_path / "classes.txt", "cat\ndog\n")
    assert list_annotated(tmp_path, side=16).classes == ("background", "cat", "dog")
    write(tmp_path / "classes.txt", "cat\n")
    with pytest.raises(UserError, match=r"masks/a.png: value 2 has no name: there are 1 \('cat'\)"):
        list_annotated(tmp_path)


def test_there_are_two_classes_or_more(tmp_path):
    with pytest.raises(UserError, match="one class only in all 1 masks: at least two are needed"):
        list_annotated(make(tmp_path, square(3, 3, 3, 3)))


def test_a_mask_has_the_shape_of_its_image(tmp_path):
    make(tmp_path, square(0, 1, 0, 1))
    write_picture(tmp_path / "images" / "a.png", (16, 20))
    with pytest.raises(UserError, match=r"masks/a.png: 16x16 pixels, but the image has 16x20"):
        list_annotated(tmp_path)
    write_picture(tmp_path / "images" / "a.png", (32, 32))
    assert list_annotated(tmp_path).train.labels.shape == (1, 32, 32)


def test_without_a_partner_neither_is_used(tmp_path):
    write_masks(tmp_path)
    write_picture(tmp_path / "images" / "train" / "x.png")
    write_mask(tmp_path / "masks" / "train" / "y.png", square(0, 1, 0, 1))
    listing = list_annotated(tmp_path)
    assert len(listing.train.files) == 3
    assert "images without a mask are left out: 1, first in images/train/x.png" in listing.notes
    assert "masks without an image are left out: 1, first in masks/train/y.png" in listing.notes


def test_masks_of_any_grey_mode(tmp_path):
    values = np.arange(256, dtype=np.uint8).reshape(16, 16)
    for mode, picture in (
        ("L", Image.fromarray(values)),
        ("I;16", Image.fromarray(values.astype(np.uint16))),
        ("RGB", Image.fromarray(np.stack([values] * 3, 2))),
    ):
        picture.save(tmp_path / "a.png")
        assert picture.mode == mode
        np.testing.assert_array_equal(read_mask(str(tmp_path / "a.png")), values)
    Image.fromarray(values > 100).save(tmp_path / "a.png")
    np.testing.assert_array_equal(read_mask(str(tmp_path / "a.png")), values > 100)


def test_what_is_no_mask_is_refused(tmp_path):
    Image.effect_noise((16, 16), 90).convert("RGB").save(tmp_path / "a.jpg")
    with pytest.raises(UserError, match=r"a.jpg: a mask as JPEG, which changes values"):
        read_mask(str(tmp_path / "a.jpg"))
    Image.new("RGB", (8, 8), (1, 2, 3)).save(tmp_path / "a.png")
    with pytest.raises(UserError, match=r"a.png: cannot be read \(a mask in colours"):
        read_mask(str(tmp_path / "a.png"))
    Image.fromarray(np.full((8, 8), 300, np.uint16)).save(tmp_path / "a.png")
    with pytest.raises(UserError, match="value 300: at most 255 classes"):
        read_mask(str(tmp_path / "a.png"))
    (tmp_path / "a.png").write_bytes(b"no picture")
    with pytest.raises(UserError, match=r"a.png: cannot be read"):
        read_mask(str(tmp_path / "a.png"))


def test_nearest_takes_the_pixel_under_each_centre():
    rows = np.arange(12, dtype=np.uint8)[:, None].repeat(5, 1)
    assert nearest(rows, (4, 5))[:, 0].tolist() == [1, 4, 7, 10]

"""From a folder with boxes or masks to images and labels in memory."""

import sys

import numpy as np
import pytest
import torch
from PIL import Image

from dada.datasets import Chosen, Dataset, FileDataset, decode, load, open_files, open_images
from dada.errors import UserError
from dada.runs.provenance import describe_data
from tests.datasets.annotated.formats import voc, write, write_masks, write_picture, write_voc


def test_images_are_stretched_to_one_size_with_their_boxes(tmp_path):
    write_voc(tmp_path)
    pixels = np.zeros((60, 60, 3), np.uint8)
    pixels[20:40, 30:60] = 255
    Image.fromarray(pixels).save(tmp_path / "JPEGImages" / "d.png")
    square = voc("d", size=(60, 60), boxes=[(30, 20, 60, 40, "dog")])
    write(tmp_path / "Annotations" / "d.xml", square)
    dataset = load(tmp_path, side=30)
    assert dataset.side == (30, 40)
    assert dataset.task.name == "detection"
    height, width = dataset.side
    x0, y0, x1, y1, kind = dataset.test.labels[0, 0].tolist()
    assert dataset.classes[int(kind)] == "dog"
    rows, columns = np.nonzero(dataset.test.images[0, 0].numpy() > 127)
    drawn = (columns.min() / width, rows.min() / height, (columns.max() + 1) / width)
    assert drawn == pytest.approx((x0, y0, x1), abs=1 / width)
    assert (rows.max() + 1) / height == pytest.approx(y1, abs=1 / height)


def test_masks_and_images_are_of_one_size(tmp_path):
    write_masks(tmp_path)
    dataset = load(tmp_path, side=16)
    assert dataset.side == (16, 24)
    assert dataset.train.labels.shape == (3, 16, 24)
    assert dataset.task.name == "segmentation"


def test_of_a_choice_only_that_is_decoded_and_keeps_its_labels(tmp_path):
    write_voc(tmp_path)
    whole = load(tmp_path)
    dataset = load(tmp_path, choose=lambda files: Chosen(rows=np.array([2, 0]), test=False))
    assert (len(dataset.train), len(dataset.test), len(dataset.files.train)) == (2, 0, 3)
    torch.testing.assert_close(dataset.train.labels, whole.train.labels[[2, 0]])
    torch.testing.assert_close(dataset.train.images, whole.train.images[[2, 0]])
    one, other = (describe_data(found, str(tmp_path)) for found in (whole, dataset))
    assert one != other


def test_without_a_test_set_one_is_held_out_without_copies_across(tmp_path):
    for i in range(20):  # every picture twice
        write_picture(tmp_path / f"{i}.png", value=i // 2)
        write(tmp_path / f"{i}.xml", voc("a"))
    dataset = load(tmp_path)
    values = [set(images.images[:, 0, 5, 5].tolist()) for images in (dataset.train, dataset.test)]
    assert not values[0] & values[1]
    assert len(values[1]) == 2
    assert any("chosen at random, are held out" in note for note in dataset.notes)


def test_an_unreadable_image_is_skipped_with_its_label(tmp_path):
    write_voc(tmp_path)
    (tmp_path / "JPEGImages" / "b.png").write_bytes(b"broken")
    dataset = load(tmp_path)
    assert dataset.skipped == ("JPEGImages/b.png",)
    assert dataset.train.labels[:, 0, 4].tolist() == [1, 0]


def test_those_that_do_not_fit_in_memory_stay_in_their_files(tmp_path, monkeypatch):
    write_voc(tmp_path)
    whole = load(tmp_path, side=16)
    assert isinstance(open_images(tmp_path, 16), Dataset)
    monkeypatch.setattr(sys.modules["dada.datasets.load"], "_MEMORY", 4 * 3 * 16 * 24 - 1)
    found = open_images(tmp_path, 16)
    assert isinstance(found, FileDataset)
    assert (found.side, found.classes, len(found.test)) == (whole.side, whole.classes, 1)
    assert torch.equal(found.train.labels, whole.train.labels)
    assert found.notes[-1].endswith("read from their files instead")
    assert open_files(tmp_path, side=16).side == whole.side
    monkeypatch.undo()
    monkeypatch.setattr(decode, "available", lambda: 1000)
    with pytest.raises(UserError, match=r"4 images of 32x40 take .* GiB, but only 0.0"):
        open_images(tmp_path)


def test_masks_count_as_memory_of_their_images(tmp_path, monkeypatch):
    write_masks(tmp_path)  # 4, of 3 bytes of an image and 1 of its mask
    monkeypatch.setattr(decode, "available", lambda: 2 * 4 * (3 + 1) * 32 * 40)
    assert len(load(tmp_path).train) == 3
    monkeypatch.setattr(decode, "available", lambda: 2 * 4 * (3 + 1) * 32 * 40 - 2)
    with pytest.raises(UserError, match=r"4 images of 32x40 take .*: side=31 would fit"):
        load(tmp_path)

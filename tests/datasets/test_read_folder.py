"""Of an image folder, only what is chosen is decoded, and the split does not depend on it."""

from functools import partial

import numpy as np
import pytest
import torch
from PIL import Image

from dada.datasets import Chosen, as_dataset, decode, load, open_files, reduced
from dada.runs.provenance import describe_data
from dada.searching import settings as searching
from dada.training import settings as training


def make(root, count=20, classes=("a", "b")):
    for c, name in enumerate(classes):
        (root / name).mkdir(parents=True)
        for i in range(count):  # the colour says which picture it is
            Image.new("RGB", (12, 10), (10 * i, 100 * c, 7)).save(root / name / f"{i:02}.png")
    return root


def colours(images):
    return [tuple(image[:, 5, 5].tolist()) for image in images.images]


def settings_of(kind, images):
    make_settings = kind.make_settings
    return make_settings("step" if kind is searching else "default", images=images)


@pytest.fixture
def decoded(monkeypatch):
    files = []
    real = decode.read_picture

    def read_picture(file, aim=None):
        files.append(file)
        return real(file, aim)

    monkeypatch.setattr(decode, "read_picture", read_picture)
    return files


@pytest.mark.parametrize(("kind", "test"), [(searching, 0), (training, 8)])
def test_only_chosen_images_are_decoded(tmp_path, decoded, kind, test):
    choose = partial(kind.choose_images, settings_of(kind, 6))
    dataset = as_dataset(make(tmp_path), choose=choose)
    assert len(decoded) == 6 + test
    assert (len(dataset.train), len(dataset.test)) == (6, test)
    assert (len(dataset.files.train), len(dataset.files.test)) == (32, 8)
    assert dataset.all_labels.bincount().tolist() == [16, 16]


@pytest.mark.parametrize("kind", [searching, training])
def test_they_are_the_same_as_if_all_were_decoded(tmp_path, kind):
    everything = load(make(tmp_path), side=8)
    kept = reduced(everything.train.labels, 6, classes=everything.classes)
    choose = partial(kind.choose_images, settings_of(kind, 6))
    dataset = load(tmp_path, side=8, choose=choose)
    assert colours(dataset.train) == colours(everything.train.subset(kept))
    assert dataset.train.labels.tolist() == everything.train.labels[kept].tolist()


def test_a_choice_of_all_is_all(tmp_path):
    choose = partial(searching.choose_images, settings_of(searching, 1000))
    chosen, everything = load(make(tmp_path), choose=choose), load(tmp_path)
    assert torch.equal(chosen.train.images, everything.train.images)
    assert chosen.files is None and len(chosen.test) == 8
    assert describe_data(chosen, "") == describe_data(everything, "")


def test_a_file_that_cannot_be_read_moves_no_other_across_the_split(tmp_path):
    before = load(make(tmp_path), side=8)
    files = open_files(tmp_path)
    for path in (files.train.files[3], files.test.files[1]):
        with open(path, "wb") as broken:
            broken.write(path.encode())
    after = load(tmp_path, side=8)
    assert set(colours(after.train)) < set(colours(before.train))
    assert set(colours(after.test)) < set(colours(before.test))
    assert (len(after.train), len(after.test)) == (31, 7)


def test_what_a_run_says_of_its_data_covers_what_was_not_decoded(tmp_path):
    make(tmp_path)
    choose = partial(searching.choose_images, settings_of(searching, 6))
    first = describe_data(load(tmp_path, choose=choose), "")
    assert (first["train"], first["test"]) == (32, 8)
    assert describe_data(load(tmp_path, choose=choose), "") == first
    test_file = open_files(tmp_path).test.files[0]
    with open(test_file, "ab") as file:
        file.write(b"more")
    assert describe_data(load(tmp_path, choose=choose), "")["fingerprint"] != first["fingerprint"]


def test_a_search_says_how_many_there_were_and_which_classes_it_is_without(tmp_path):
    from dada.searching.choices import choices, unseen_classes

    make(tmp_path)
    rows = np.flatnonzero(open_files(tmp_path).train.labels.numpy() == 0)[:5]
    dataset = load(tmp_path, choose=lambda files: Chosen(rows, test=False))
    asked = searching.make_settings("step")
    used = asked.resolve(dataset)
    notes = choices(asked, used, dataset, torch.device("cpu"))
    assert "at most 5 of 32 training images are used; images= changes it" in notes
    assert "class 'b'" in unseen_classes(dataset.train.labels, dataset)[0]


def test_test_images_that_are_training_images_are_said(tmp_path):
    make(tmp_path / "train", 5)
    make(tmp_path / "test", 3)
    note = "6 of 6 test images are exact copies of training images: errors look too low"
    assert note in load(tmp_path).notes and note in open_files(tmp_path).notes
    for name in "ab":
        for i in range(3):
            Image.new("RGB", (12, 10), (3, i, 200)).save(tmp_path / "test" / name / f"0{i}.png")
    assert not any("exact copies of training" in note for note in load(tmp_path).notes)

"""The user's own validation set: read like the test set, and left out by what has no use for it."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

import dada
from dada.datasets import (
    Chosen,
    at_most,
    decode,
    load,
    open_files,
    open_images,
    without_validation,
)
from dada.errors import UserError
from dada.runs import RunFolder
from dada.runs.provenance import describe_data

TINY = {"epochs": 1, "batch": 4, "device": "cpu", "model": "wrn-10-1"}


def make(root, name="validation", count=6):
    """Class folders a and b in train, test and a validation set; the colour is the picture."""
    for part, (folder, many) in enumerate((("train", 6), ("test", 6), (name, count))):
        for c, label in enumerate("ab"):
            (root / folder / label).mkdir(parents=True)
            for i in range(many):
                picture = Image.new("RGB", (12, 10), (10 * i, 100 * c, 80 * part + 7))
                picture.save(root / folder / label / f"{i:02}.png")
    return root


def colours(images):
    return [tuple(image[:, 5, 5].tolist()) for image in images.images]


@pytest.fixture
def decoded(monkeypatch):
    files = []
    real = decode.read_picture

    def read_picture(file, aim=None):
        files.append(file)
        return real(file, aim)

    monkeypatch.setattr(decode, "read_picture", read_picture)
    return files


@pytest.mark.parametrize("name", ["val", "valid", "Validation", "dev", "EVAL", "val_images"])
def test_a_folder_beside_the_test_set(tmp_path, name):
    dataset = load(make(tmp_path, name), side=16)
    assert [len(part) for part in (dataset.train, dataset.test, dataset.validation)] == [12] * 3
    assert dataset.validation.labels.tolist() == [0] * 6 + [1] * 6
    assert colours(dataset.validation) == [(10 * i, 100 * c, 167) for c in (0, 1) for i in range(6)]
    assert dataset.validation.images.shape[2:] == (16, 16)
    assert dataset.notes[:2] == ("test/ is the test set", f"{name}/ is the validation set")


def test_without_a_test_set_it_is_the_test_set(tmp_path):
    shutil.rmtree(make(tmp_path) / "test")
    dataset = load(tmp_path)
    assert dataset.validation is None and colours(dataset.test)[0] == (0, 0, 167)
    assert "validation/ is the test set: there is no other" in dataset.notes
    assert without_validation(dataset) is dataset


def test_labels_are_those_of_the_names_whichever_classes_there_are(tmp_path):
    shutil.rmtree(make(tmp_path) / "validation" / "a")
    assert load(tmp_path).validation.labels.tolist() == [1] * 6
    (tmp_path / "validation" / "b").rename(tmp_path / "validation" / "eel")
    with pytest.raises(UserError, match="validation classes 'eel' are missing from the training"):
        load(tmp_path)


def test_a_picture_that_cannot_be_read_is_left_out(tmp_path):
    (make(tmp_path) / "validation" / "a" / "02.png").write_bytes(b"no picture")
    (tmp_path / "test" / "b" / "05.png").write_bytes(b"no picture either")
    dataset = load(tmp_path)
    assert dataset.skipped == ("test/b/05.png", "validation/a/02.png")
    assert (len(dataset.train), len(dataset.test)) == (12, 11)
    assert dataset.validation.labels.tolist() == [0] * 5 + [1] * 6
    assert [r for r, _, _ in colours(dataset.validation)][:3] == [0, 10, 30]


def test_if_none_can_be_read_it_is_said(tmp_path):
    make(tmp_path, count=1)
    for label in "ab":
        (tmp_path / "validation" / label / "00.png").write_bytes(b"no picture")
    with pytest.raises(UserError, match="none of the validation images can be read"):
        load(tmp_path)
    assert load(tmp_path, choose=lambda _: Chosen(validation=0)).validation is None


def test_one_coloured_picture_makes_all_rgb(tmp_path):
    for file in make(tmp_path).rglob("*.png"):
        Image.new("L", (12, 10), len(str(file)) % 256).save(file)
    assert [part.images.shape[1] for part in parts(load(tmp_path))] == [1, 1, 1]
    Image.new("RGB", (12, 10), (1, 2, 3)).save(tmp_path / "validation" / "a" / "00.png")
    assert [part.images.shape[1] for part in parts(load(tmp_path))] == [3, 3, 3]


def parts(dataset):
    return dataset.train, dataset.test, dataset.validation


def test_at_most_so_many_are_decoded(tmp_path, decoded):
    whole = load(make(tmp_path), side=8)
    decoded.clear()
    dataset = load(tmp_path, side=8, choose=lambda _: Chosen(np.arange(3), False, validation=4))
    assert len(decoded) == 3 + 4
    rows = at_most(whole.validation.labels, 4)
    assert colours(dataset.validation) == colours(whole.validation.subset(rows))
    assert dataset.validation.labels.bincount().tolist() == [2, 2]
    assert len(dataset.files.validation) == 12
    assert "3 of 12 training images, 0 test images, 4 of 12 validation images" in repr(dataset)
    everything = load(tmp_path, side=8, choose=lambda _: Chosen(validation=12))
    assert everything.files is None and len(everything.validation) == 12


def test_what_is_left_out_is_not_decoded_and_changes_nothing(tmp_path, decoded):
    dataset = load(make(tmp_path), choose=lambda _: Chosen(np.arange(3), validation=0))
    assert len(decoded) == 3 + 12 and dataset.validation is None
    assert "12 validation images are left out: only a search judges by them" in dataset.notes
    assert describe_data(dataset, "")["fingerprint"] == print_without(tmp_path, np.arange(3))
    assert describe_data(load(tmp_path), "")["fingerprint"] != print_without(tmp_path, None)


def print_without(root, rows):
    """The fingerprint of the data where there never was a validation set."""
    bare = root.parent / f"bare-{rows is None}" / root.name
    shutil.copytree(root, bare, ignore=shutil.ignore_patterns("validation"))
    description = describe_data(load(bare, choose=lambda _: Chosen(rows)), "")
    assert "validation" not in description
    return description["fingerprint"]


@pytest.mark.parametrize("most", [None, 4])
def test_a_run_says_how_many_there_are_and_knows_them_again(tmp_path, most):
    def described():
        return describe_data(load(tmp_path, choose=lambda _: Chosen(validation=most)), "")

    make(tmp_path)
    first = described()
    assert first["validation"] == 12 and described() == first
    Image.new("RGB", (12, 10), (255, 255, 255)).save(tmp_path / "validation" / "b" / "03.png")
    assert described()["fingerprint"] != first["fingerprint"]


def test_a_dataset_is_left_without_it(tmp_path):
    dataset = load(make(tmp_path, count=1), choose=lambda _: Chosen(np.arange(3)))
    rest = without_validation(dataset)
    assert rest.validation is None and rest.files.validation is None
    assert rest.notes[-1] == "2 validation images are left out: only a search judges by them"
    assert len(dataset.validation) == 2


def test_files(tmp_path):
    dataset = open_files(make(tmp_path, count=5))
    assert dataset.validation.labels.tolist() == [0] * 5 + [1] * 5
    assert "12 test files, 10 validation files, 224 × 224" in repr(dataset)
    assert describe_data(dataset, "")["validation"] == 10
    assert without_validation(dataset).validation is None
    assert open_images(tmp_path).validation is None


@pytest.mark.parametrize("read", [load, open_files])
def test_copies_of_training_images_are_said(tmp_path, read):
    make(tmp_path)
    for label in "ab":
        shutil.copy(tmp_path / "train" / label / "01.png", tmp_path / "validation" / label)
    note = "2 of 12 validation images are exact copies of training images: errors look too low"
    assert note in read(tmp_path).notes


def test_sets_that_do_not_fit_are_refused(tmp_path):
    dataset = load(make(tmp_path))
    small = load(tmp_path, side=8).validation
    with pytest.raises(UserError, match=r"training images are 32x32 .* but validation images are"):
        replace(dataset, validation=small)
    with pytest.raises(UserError, match="no validation images: at least one is needed"):
        replace(dataset, validation=dataset.test.subset([]))


def test_a_training_and_a_comparison_leave_it_out(tmp_path):
    make(tmp_path / "photos")
    make(tmp_path / "bare")
    shutil.rmtree(tmp_path / "bare" / "validation")
    note = "12 validation images are left out: only a search judges by them"
    dada.train(tmp_path / "photos", out=tmp_path / "run", side=8, **TINY)
    config = RunFolder.open(tmp_path / "run").config
    assert note in config["data"]["notes"] and "validation" not in config["data"]
    alike = load(tmp_path / "bare", side=8)
    assert config["data"]["fingerprint"] == describe_data(alike, "")["fingerprint"]
    given = load(tmp_path / "photos", side=8)
    for data in (given, tmp_path / "photos"):
        out = tmp_path / f"compare-{data is given}"
        dada.compare(data, out=out, seeds=1, side=8, **TINY)
        config = RunFolder.open(out).config
        assert note in config["data"]["notes"]
        assert config["data"]["fingerprint"] == describe_data(alike, "")["fingerprint"]


class Pictures:
    def __init__(self, labels, classes, size=8):
        self.labels, self.classes, self.size = labels, classes, size

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, index):
        return torch.full((1, self.size, self.size), index, dtype=torch.uint8), self.labels[index]


def test_datasets_of_python_by_name():
    data = {
        "train": Pictures([0, 1] * 10, ("cat", "dog")),
        "test": Pictures([0, 1], ("cat", "dog")),
        "val": Pictures([0, 0, 1], ("dog", "cat"), size=10),
    }
    dataset = dada.datasets.as_dataset(data)
    assert (len(dataset.train), len(dataset.test)) == (20, 2)
    assert dataset.validation.labels.tolist() == [1, 1, 0] and dataset.side == (8, 8)
    assert len(dada.datasets.as_dataset({**data, "test": data["val"]}).test) == 3

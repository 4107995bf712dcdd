import gzip
import urllib.error

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.datasets import load_digits
from torchvision import datasets

from dada.datasets import NAMES, load
from dada.datasets.imagenet import read_imagenet, reduced_classes
from dada.errors import UserError
from tests.datasets.formats import (
    RNG,
    let_any_file_pass,
    write_cifar10,
    write_cifar100,
    write_imagenet,
    write_svhn,
)


@pytest.fixture
def no_checksums(monkeypatch):
    let_any_file_pass(monkeypatch)


@pytest.fixture(scope="module")
def imagenet(tmp_path_factory):
    root = tmp_path_factory.mktemp("imagenet")
    write_imagenet(root)
    return root


@pytest.mark.usefixtures("no_checksums")
def test_cifar10(tmp_path):
    written = write_cifar10(tmp_path)
    dataset = load("cifar10", root=tmp_path, download=False)
    train = np.concatenate([written[f"data_batch_{i}"] for i in range(1, 6)])
    np.testing.assert_array_equal(dataset.train.images, train.reshape(20, 3, 32, 32))
    np.testing.assert_array_equal(dataset.test.images, written["test_batch"].reshape(6, 3, 32, 32))
    assert dataset.train.labels.tolist() == [0, 1] * 10
    assert dataset.classes == ("airplane", "automobile")
    assert (dataset.name, dataset.flip, dataset.notes) == ("cifar10", True, ())


@pytest.mark.usefixtures("no_checksums")
def test_a_named_set_at_another_side(tmp_path):
    write_cifar10(tmp_path)
    dataset = load("cifar10", root=tmp_path, download=False, side=16)
    assert dataset.side == (16, 16)
    assert dataset.test.images.shape == (6, 3, 16, 16)
    assert dataset.notes == ("images resized and cropped to 16x16",)


@pytest.mark.usefixtures("no_checksums")
def test_cifar100(tmp_path):
    written = write_cifar100(tmp_path)
    dataset = load("cifar100", root=tmp_path, download=False)
    np.testing.assert_array_equal(dataset.train.images, written["train"].reshape(9, 3, 32, 32))
    assert dataset.classes == ("apple", "bear", "clock")
    assert dataset.test.labels.tolist() == [0, 1, 2]


@pytest.mark.usefixtures("no_checksums")
def test_svhn(tmp_path):
    written = write_svhn(tmp_path, train=20, test=10)
    dataset = load("svhn", root=tmp_path, download=False)
    np.testing.assert_array_equal(dataset.train.images, written["train"])
    assert dataset.test.labels.tolist() == [1, 2, 3, 4, 5, 6, 7, 8, 9, 0]
    assert (dataset.flip, len(dataset.classes)) == (False, 10)
    assert "svhn-extra includes them" in dataset.notes[0]


@pytest.mark.usefixtures("no_checksums")
def test_svhn_with_the_extra_images(tmp_path):
    written = write_svhn(tmp_path, train=20, extra=13, test=10)
    dataset = load("svhn-extra", root=tmp_path, download=False)
    both = np.concatenate([written["train"], written["extra"]])
    np.testing.assert_array_equal(dataset.train.images, both)
    np.testing.assert_array_equal(dataset.test.images, written["test"])
    digits = [1, 2, 3, 4, 5, 6, 7, 8, 9, 0]
    assert dataset.train.labels.tolist() == [*digits * 3, 1, 2, 3]
    assert (dataset.name, dataset.flip, dataset.notes) == ("svhn-extra", False, ())
    assert len(load("svhn", root=tmp_path, download=False).train) == 20


def write_idx(path, array):
    header = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">i4").tobytes()
    path.write_bytes(header + array.tobytes())
    with gzip.open(f"{path}.gz", "wb") as file:
        file.write(header + array.tobytes())


def test_fashion_mnist(tmp_path):
    raw = tmp_path / "FashionMNIST" / "raw"
    raw.mkdir(parents=True)
    images = RNG.integers(0, 256, (20, 28, 28), dtype=np.uint8)
    labels = (np.arange(20) % 10).astype(np.uint8)
    for part in ("train", "t10k"):
        write_idx(raw / f"{part}-images-idx3-ubyte", images)
        write_idx(raw / f"{part}-labels-idx1-ubyte", labels)
    dataset = load("fashion-mnist", root=tmp_path, download=False)
    np.testing.assert_array_equal(dataset.train.images[:, 0], images)
    assert dataset.test.labels.tolist() == labels.tolist()
    assert dataset.classes[0] == "T-shirt/top"
    assert (dataset.channels, dataset.side, dataset.flip) == (1, (28, 28), True)


def test_digits_are_the_default():
    dataset = load()
    assert dataset.name == "digits"
    assert (len(dataset.train), len(dataset.test)) == (1437, 360)
    assert (dataset.channels, dataset.side, dataset.flip) == (1, (8, 8), False)
    assert dataset.classes == tuple("0123456789")
    assert "held out as the test set (360 of 1797)" in dataset.notes[0]
    both = torch.cat([dataset.train.images, dataset.test.images])
    scaled = np.rint(load_digits().images * 255 / 16)
    assert both.double().sum() == scaled.sum()
    assert set(both.unique().tolist()) == set(np.unique(scaled).astype(int).tolist())


def test_digits_are_the_same_every_time():
    assert torch.equal(load().test.images, load("digits").test.images)


def test_digits_at_another_side():
    assert load("digits", side=16).side == (16, 16)


@pytest.mark.parametrize(
    "name", ["cifar10", "cifar100", "svhn", "svhn-extra", "fashion-mnist", "imagenet"]
)
def test_files_that_are_not_there_are_named(tmp_path, name):
    files = {
        "cifar10": "cifar-10-python.tar.gz",
        "cifar100": "cifar-100-python.tar.gz",
        "svhn": "train_32x32.mat",
        "svhn-extra": "extra_32x32.mat",
        "fashion-mnist": "train-images-idx3-ubyte.gz",
        "imagenet": "ILSVRC2012_img_train.tar",
    }
    with pytest.raises(UserError, match=f"^{name}: cannot be read from {tmp_path}") as e:
        load(name, root=tmp_path, download=False)
    assert files[name] in str(e.value)
    assert "\n" not in str(e.value)


def test_a_failed_download_names_folder_and_files(tmp_path, monkeypatch):
    def fail(*args, **kwargs):
        raise urllib.error.URLError("no\nroute")

    monkeypatch.setattr(datasets.cifar, "download_and_extract_archive", fail)
    message = (
        rf"^cifar10: cannot be read from {tmp_path} or downloaded "
        r"\(<urlopen error no route>\): place cifar-10-python.tar.gz .* there$"
    )
    with pytest.raises(UserError, match=message):
        load("cifar10", root=tmp_path)


def test_a_broken_file_is_a_clear_error(tmp_path):
    raw = tmp_path / "FashionMNIST" / "raw"
    raw.mkdir(parents=True)
    for part in ("train", "t10k"):
        for kind in ("images-idx3", "labels-idx1"):
            (raw / f"{part}-{kind}-ubyte").write_bytes(b"\0\0\x08\x03 broken")
    with pytest.raises(UserError, match="fashion-mnist: cannot be read from"):
        load("fashion-mnist", root=tmp_path, download=False)


# ImageNet


def test_reduced_imagenet_decodes_only_what_it_needs(imagenet):
    calls = []
    parts = read_imagenet(
        imagenet, 16, lambda done, total: calls.append(total), chosen=(3, 500, 999), size=12
    )
    assert calls == [18] * 18
    assert parts.train.labels.bincount().tolist() == [4, 4, 4]
    assert parts.test.labels.tolist() == [0, 0, 1, 1, 2, 2]
    assert parts.classes == ("n00000003", "n00000500", "n00000999")
    assert parts.train.images.shape == (12, 3, 16, 16)
    reds = torch.tensor([3, 500 % 256, 999 % 256])
    assert (parts.train.images[:, 0, 8, 8] - reds[parts.train.labels]).abs().max() <= 3
    assert "12 images of 3 classes, at 16x16" in parts.notes[0]


def test_imagenet_by_name_is_224_wide(imagenet, monkeypatch):
    monkeypatch.setattr("dada.datasets.imagenet.reduced_classes", lambda: (3, 500))
    dataset = load("imagenet", root=imagenet)
    assert (dataset.name, dataset.side, len(dataset.train)) == ("imagenet", (224, 224), 16)


def test_imagenet_is_the_centre_of_a_resize_by_8_sevenths(imagenet):
    """256 pixels, of which 224: of 64 red ones with a blue edge of 4, none of the edge is left."""
    files = sorted((imagenet / "train" / "n00000003").iterdir())
    before = [file.read_bytes() for file in files]
    picture = Image.new("RGB", (64, 64), "blue")
    picture.paste("red", (4, 4, 60, 60))
    for file in files:
        picture.save(file, "PNG")
    try:
        train = read_imagenet(imagenet, 56, chosen=(3, 500), size=16).train
    finally:
        for file, content in zip(files, before, strict=True):
            file.write_bytes(content)
    seen = train.images[train.labels == 0]
    assert seen.shape == (8, 3, 56, 56)
    assert (seen[:, 0] == 255).all() and (seen[:, 2] == 0).all()


def test_imagenet_names_its_classes_from_the_devkit(imagenet):
    meta = imagenet / "meta.bin"
    torch.save(({f"n{i:08d}": (f"name {i}", "other") for i in range(1000)}, []), meta)
    try:
        parts = read_imagenet(imagenet, 16, chosen=(3, 999))
    finally:
        meta.unlink()
    assert parts.classes == ("name 3", "name 999")


def test_the_120_classes():
    classes = reduced_classes()
    assert len(classes) == len(set(classes)) == 120
    assert (classes[0], classes[-1]) == (16, 959)


def test_other_folders_are_not_imagenet(tmp_path):
    for split in ("train", "val"):
        folder = tmp_path / split / "cat"
        folder.mkdir(parents=True)
        Image.new("RGB", (8, 8)).save(folder / "0.png")
    with pytest.raises(UserError, match="train has 1 class folders: must be all 1000"):
        load("imagenet", root=tmp_path)


# Names and paths


def test_a_name_goes_before_a_folder_of_that_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "digits").mkdir()
    assert len(load("digits").train) == 1437
    with pytest.raises(UserError, match="digits: no images"):
        load("./digits")


@pytest.mark.parametrize("source", ["cifar-10", "no/such/path", "x.npz"])
def test_an_unknown_source_lists_what_is_known(source):
    with pytest.raises(UserError, match=f"^{source}: no such file or folder: .*{', '.join(NAMES)}"):
        load(source)


def test_another_kind_of_file(tmp_path):
    (tmp_path / "x.txt").write_text("1,2")
    with pytest.raises(UserError, match=r"neither a folder, a table nor an .npz file"):
        load(tmp_path / "x.txt")


@pytest.mark.parametrize("side", [0, -3, 7, 2000])
def test_a_side_out_of_range(side):
    with pytest.raises(UserError, match=f"side {side}: must be 8 to 1024 pixels"):
        load("digits", side=side)

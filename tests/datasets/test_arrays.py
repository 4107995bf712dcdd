import re

import numpy as np
import pytest
import torch

from dada.datasets import load
from dada.errors import UserError

RNG = np.random.default_rng(0)


def images(*shape):
    return RNG.integers(0, 256, shape, dtype=np.uint8)


def labels(n, classes=2, dtype=np.int64):
    return (np.arange(n) % classes).astype(dtype)


def save(tmp_path, **arrays):
    path = tmp_path / "mine.npz"
    np.savez(path, **arrays)
    return path


def full(**changes):
    arrays = {
        "x_train": images(20, 9, 8, 3),
        "y_train": labels(20),
        "x_test": images(6, 9, 8, 3),
        "y_test": labels(6),
    }
    arrays.update(changes)
    return {name: array for name, array in arrays.items() if array is not None}


@pytest.mark.parametrize(
    ("shape", "chw"),
    [
        ((9, 8), lambda x: x[:, None]),
        ((9, 8, 3), lambda x: x.transpose(0, 3, 1, 2)),
        ((9, 8, 1), lambda x: x.transpose(0, 3, 1, 2)),
        ((3, 9, 8), lambda x: x),
        ((1, 9, 8), lambda x: x),
        ((9, 8, 5), lambda x: x.transpose(0, 3, 1, 2)),
        ((2, 9, 8), lambda x: x),
        ((3, 9, 2), lambda x: x),
    ],
)
def test_every_image_layout(tmp_path, shape, chw):
    x, x_test = images(20, *shape), images(6, *shape)
    dataset = load(save(tmp_path, **full(x_train=x, x_test=x_test)))
    assert dataset.name == "mine"
    assert torch.equal(dataset.train.images, torch.from_numpy(chw(x).copy()))
    assert torch.equal(dataset.test.images, torch.from_numpy(chw(x_test).copy()))
    assert dataset.side == chw(x).shape[2:]
    assert dataset.notes == ()


@pytest.mark.parametrize("dtype", [np.int64, np.uint8, np.uint64, np.int16])
@pytest.mark.parametrize("shape", [(20,), (20, 1)])
def test_labels_of_any_integer_type(tmp_path, dtype, shape):
    y = labels(20, dtype=dtype).reshape(shape)
    dataset = load(save(tmp_path, **full(y_train=y)))
    assert dataset.train.labels.tolist() == [0, 1] * 10
    assert dataset.classes == ("0", "1")


def test_other_labels_are_numbered_and_name_the_classes(tmp_path):
    y, y_test = np.array([7, -1, 30, 7] * 5), np.array([30, 30, -1, 7, 7, 7])
    dataset = load(save(tmp_path, **full(y_train=y, y_test=y_test)))
    assert dataset.classes == ("-1", "7", "30")
    assert dataset.train.labels.tolist() == [1, 0, 2, 1] * 5
    assert dataset.test.labels.tolist() == [2, 2, 0, 1, 1, 1]
    assert dataset.notes == ("labels -1, 7, 30 are numbered from 0 to 2",)


def test_without_a_test_set_one_is_held_out(tmp_path):
    dataset = load(save(tmp_path, **full(x_test=None, y_test=None)))
    assert (len(dataset.train), len(dataset.test)) == (16, 4)
    assert "held out as the test set (4 of 20)" in dataset.notes[0]


def test_a_side_resizes(tmp_path):
    dataset = load(save(tmp_path, **full()), side=16)
    assert dataset.side == (16, 16)
    assert dataset.test.images.shape == (6, 3, 16, 16)
    assert dataset.notes == ("images resized and cropped to 16x16",)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"y_train": None},
            "y_train missing; it holds x_train, x_test, y_test: x_train and y_train are needed",
        ),
        ({"x_train": None, "y_train": None}, "x_train and y_train missing; it holds x_test"),
        ({"y_test": None}, "y_test missing"),
        ({"x_test": None}, "x_test missing"),
        ({"x_train": np.zeros((20, 8, 8))}, "x_train is float64: must be uint8, 0 to 255; scale"),
        ({"x_train": np.zeros((20, 8, 8), np.int32)}, "x_train is int32: must be uint8"),
        ({"x_train": images(20, 64)}, "x_train is (20, 64): must be N x H x W, N x H x W x C or"),
        ({"x_train": images(20, 8, 8, 8)}, "x_train is (20, 8, 8, 8): must be"),
        ({"x_train": images(20, 3, 8, 3)}, "whose channels may be the second or the last axis"),
        ({"x_train": images(0, 8, 8), "y_train": labels(0)}, "x_train is empty, (0, 8, 8)"),
        ({"y_train": labels(20, dtype=np.float32)}, "y_train is float32: labels must be integers"),
        ({"y_train": labels(20).astype(bool)}, "y_train is bool: labels must be integers"),
        ({"y_train": np.array(["a", "b"] * 10)}, "y_train is <U1: labels must be integers"),
        ({"y_train": labels(40, 3).reshape(20, 2)}, "y_train is (20, 2): must be (N,), one"),
        ({"y_train": labels(40).reshape(20, 2)}, "y_test is (6,) but y_train (20, 2): must have"),
        ({"y_train": labels(19)}, "20 images in x_train but 19 labels in y_train"),
        ({"y_train": labels(20, 1)}, "y_train has one class only (0)"),
        ({"y_test": np.array([0, 1, 2, 3, 0, 1])}, "labels 2, 3 that y_train has not (0, 1)"),
        ({"x_test": images(6, 8, 8, 3)}, "x_test images are 3x8x8 but x_train's are 3x9x8"),
        ({"x_test": images(6, 9, 8)}, "x_test images are 1x9x8 but x_train's are 3x9x8"),
        ({"y_train": np.array([0, "a"] * 10, object)}, "y_train is an array of Python objects"),
    ],
)
def test_wrong_arrays_are_named(tmp_path, changes, message):
    path = save(tmp_path, **full(**changes))
    with pytest.raises(UserError, match="^" + re.escape(f"{path}: ") + ".*" + re.escape(message)):
        load(path)


@pytest.mark.parametrize("dtype", [np.float32, np.int8, bool])
def test_several_labels_an_image(tmp_path, dtype):
    several = (np.arange(60).reshape(20, 3) % 2 == 0).astype(dtype)
    dataset = load(save(tmp_path, **full(y_train=several, y_test=several[:6])))
    assert dataset.classes == ("0", "1", "2")
    assert torch.equal(dataset.train.labels, torch.from_numpy(several).float())
    assert torch.equal(dataset.test.labels, dataset.train.labels[:6])
    held_out = load(save(tmp_path, **full(y_train=several, x_test=None, y_test=None)))
    assert (len(held_out.train), len(held_out.test)) == (16, 4)


def test_many_channels_are_resized_one_by_one(tmp_path):
    x = images(20, 9, 8, 5)
    whole = load(save(tmp_path, **full(x_train=x, x_test=None, y_test=None)), side=16)
    rgb = load(save(tmp_path, **full(x_train=x[..., :3], x_test=None, y_test=None)), side=16)
    assert whole.channels == 5 and torch.equal(whole.train.images[:, :3], rgb.train.images)


def test_nothing_that_is_not_needed_is_loaded(tmp_path):
    path = save(tmp_path, **full(), extra=np.array([{"pickled": 1}], object))
    assert len(load(path).train) == 20


def garbage(path):
    path.write_bytes(b"garbage " * 100)


def truncated(path):
    np.savez_compressed(path, **full())
    path.write_bytes(path.read_bytes()[:-300])


def damaged(path):
    np.savez(path, **full())
    content = bytearray(path.read_bytes())
    content[300:400] = b"\0" * 100
    path.write_bytes(content)


def single(path):
    with path.open("wb") as file:
        np.save(file, images(4, 8, 8))


def not_arrays(path):
    import zipfile

    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x_train", "text")
        archive.writestr("y_train", "text")


@pytest.mark.parametrize("write", [garbage, truncated, damaged, single, not_arrays])
def test_a_file_that_is_no_npz(tmp_path, write):
    path = tmp_path / "x.npz"
    write(path)
    with pytest.raises(UserError, match=r"not a readable .npz file .* with numpy.savez$"):
        load(path)

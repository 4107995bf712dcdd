import re
from contextlib import suppress

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


@pytest.mark.parametrize(
    ("x", "y"),
    [("x_val", "y_val"), ("X_valid", "Y_valid"), ("validation_x", "validation_y")],
)
def test_a_validation_set_beside_the_test_set(tmp_path, x, y):
    judges, kinds = images(4, 9, 8, 3), np.array([1, 1, 0, 1])
    dataset = load(save(tmp_path, **full(), **{x: judges, y: kinds}))
    assert (len(dataset.train), len(dataset.test)) == (20, 6)
    assert torch.equal(dataset.validation.images, torch.from_numpy(judges).permute(0, 3, 1, 2))
    assert dataset.validation.labels.tolist() == [1, 1, 0, 1]
    assert load(save(tmp_path, **full(), **{x: judges, y: kinds}), side=16).side == (16, 16)


def test_arrays_as_medmnist_calls_them(tmp_path):
    arrays = {}
    for part, count in (("train", 20), ("val", 4), ("test", 6)):
        arrays[f"{part}_images"] = images(count, 28, 28)
        arrays[f"{part}_labels"] = labels(count, dtype=np.uint8)[:, None]
    dataset = load(save(tmp_path, **arrays))
    parts = (dataset.train, dataset.test, dataset.validation)
    assert [len(part) for part in parts] == [20, 6, 4] and dataset.classes == ("0", "1")
    assert torch.equal(dataset.validation.images[:, 0], torch.from_numpy(arrays["val_images"]))


def test_a_validation_set_alone_is_the_test_set(tmp_path):
    given = full(x_val=images(3, 9, 8, 3), y_val=labels(3), x_test=None, y_test=None)
    dataset = load(save(tmp_path, **given))
    assert (len(dataset.train), len(dataset.test), dataset.validation) == (20, 3, None)
    assert dataset.notes == ("x_val is the test set: there is no other",)


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
        ({"x_train": images(20, 3, 8, 3)}, "its channels may be the second or the last axis"),
        ({"x_train": images(0, 8, 8), "y_train": labels(0)}, "x_train is empty, (0, 8, 8)"),
        ({"y_train": labels(20) + 0.5}, "y_train is float64: labels must be whole numbers or text"),
        ({"y_train": np.array([0, np.nan] * 10)}, "y_train is float64: labels must be whole"),
        ({"y_train": np.array([b"a", b"b"] * 10)}, "y_train is |S1: labels must be whole numbers"),
        ({"y_train": labels(20) * 1j}, "y_train is complex128: labels must be whole numbers"),
        ({"y_train": np.array(1)}, "y_train is (): must be (N,), one label per image"),
        ({"y_train": np.zeros((20, 2, 2), int)}, "y_train is (20, 2, 2): must be (N,)"),
        ({"y_train": np.zeros((20, 0), int)}, "y_train is (20, 0): must be (N,)"),
        ({"x_train": np.array(1, np.uint8)}, "x_train is (): must be N x H x W"),
        ({"y_train": labels(40, 3).reshape(20, 2)}, "y_train is (20, 2): must be (N,), one"),
        ({"y_train": labels(40).reshape(20, 2)}, "y_test is (6,) but y_train (20, 2): must have"),
        ({"y_train": labels(19)}, "20 images in x_train but 19 labels in y_train"),
        ({"y_train": labels(20, 1)}, "one class only (0): at least two"),
        (
            {"y_test": np.array([0, 1, 2, 3, 0, 1])},
            "test labels 2, 3 are missing from the training labels (0, 1)",
        ),
        ({"x_test": images(6, 8, 8, 3)}, "x_test images are 3x8x8 but x_train's are 3x9x8"),
        ({"x_test": images(6, 9, 8)}, "x_test images are 1x9x8 but x_train's are 3x9x8"),
        ({"y_train": np.array([0, "a"] * 10, object)}, "y_train is an array of Python objects"),
        ({"x_val": images(4, 9, 8, 3)}, "y_val missing; it holds x_train"),
        (
            {"val_images": images(4, 9, 9, 3), "val_labels": labels(4)},
            "val_images images are 3x9x9 but x_train's are 3x9x8",
        ),
        (
            {"x_val": images(4, 9, 8, 3), "y_val": labels(4, 3)},
            "validation labels 2 are missing from the training labels (0, 1)",
        ),
    ],
)
def test_wrong_arrays_are_named(tmp_path, changes, message):
    path = save(tmp_path, **full(**changes))
    with pytest.raises(UserError, match="^" + re.escape(f"{path}: ") + ".*" + re.escape(message)):
        load(path)


@pytest.mark.parametrize(
    ("values", "names"),
    [
        (labels(20, dtype=np.float32), ("0", "1")),
        (labels(20).astype(bool), ("False", "True")),
        (np.array(["dog", "cat"] * 10), ("cat", "dog")),
        (np.array([10**12, 7] * 10), ("7", "1000000000000")),
    ],
    ids=["float", "bool", "text", "huge"],
)
def test_labels_of_any_kind_name_the_classes(tmp_path, values, names):
    dataset = load(save(tmp_path, **full(y_train=values, y_test=values[:6])))
    assert dataset.classes == names
    assert dataset.train.labels.tolist() == np.unique(values, return_inverse=True)[1].tolist()
    assert torch.equal(dataset.test.labels, dataset.train.labels[:6])


@pytest.mark.parametrize("dtype", [np.float32, np.int64, bool])
def test_one_hot_labels_are_one_label_per_image(tmp_path, dtype):
    one_hot = np.eye(3, dtype=dtype)[labels(20, 3)]
    dataset = load(save(tmp_path, **full(y_train=one_hot, y_test=one_hot[:6])))
    assert dataset.train.labels.tolist() == labels(20, 3).tolist()
    assert dataset.test.labels.tolist() == labels(6, 3).tolist()
    assert dataset.classes == ("0", "1", "2")
    assert dataset.notes == ("labels are one-hot: read as one of 3 classes per image",)


def test_several_labels_in_the_test_set_are_several_in_all(tmp_path):
    one_hot = np.eye(3, dtype=int)[labels(20, 3)]
    several = np.ones((6, 3), int)
    dataset = load(save(tmp_path, **full(y_train=one_hot, y_test=several)))
    assert dataset.train.labels.shape == (20, 3) and dataset.notes == ()


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


def header(shape, kind="|u1"):
    """Writes an .npz whose x_train has a header that promises more than there is."""

    def write(path):
        import io
        import zipfile

        np.savez(path, **full())
        content = io.BytesIO()
        said = {"descr": kind, "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(content, said)
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr("x_train.npy", content.getvalue() + b"\0" * 8)

    return write


LIARS = [
    header((10**6, 1000, 1000, 3)),
    header((2**62, 8, 8)),
    header((-1, 8, 8)),
    header((20, 8, 8), "<U1000000000"),
    header((True, 8, 8)),
]


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("write", LIARS)
def test_a_header_that_lies_takes_no_memory(tmp_path, write):
    path = tmp_path / "x.npz"
    write(path)
    with pytest.raises(UserError, match=r"not a readable .npz file \("):
        load(path)


def test_what_does_not_fit_in_memory_is_refused_with_what_would(tmp_path, monkeypatch):
    path = save(tmp_path, **full())
    monkeypatch.setattr("dada.compute.memory.available", lambda: 9 * 8 * 3 * 16)
    with pytest.raises(UserError, match=r"x_train: 20 images take .* 12 would fit"):
        load(path)


@pytest.mark.parametrize("seed", range(200))
def test_a_damaged_file_is_read_as_it_was_or_refused(tmp_path, seed):
    path = save(tmp_path, **full())
    rng, content = np.random.default_rng(seed), bytearray(path.read_bytes())
    for place in rng.integers(0, len(content), rng.integers(1, 20)):
        content[place] = rng.integers(256)
    path.write_bytes(content)
    with suppress(UserError):
        assert len(load(path).train) == 20


@pytest.mark.parametrize("write", [garbage, truncated, damaged, single, not_arrays])
def test_a_file_that_is_no_npz(tmp_path, write):
    path = tmp_path / "x.npz"
    write(path)
    with pytest.raises(UserError, match=r"not a readable .npz file .* with numpy.savez$"):
        load(path)

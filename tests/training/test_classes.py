"""A network's outputs and other data's labels are matched by the names of their classes."""

import dataclasses
import shutil

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

import dada
from dada import Dataset, ImageSet
from dada.errors import UserError
from dada.training.classes import match

LEVEL = {"a": 20, "b": 90, "c": 160, "d": 230}  # the grey of a class's pictures


def grey(names, known=None, name="grey", count=12):
    """Pictures of one grey level per class; labels follow the order of `names`."""
    labels = torch.arange(count * len(names)) % len(names)
    levels = torch.tensor([(known or LEVEL)[n] for n in names])[labels]
    noise = torch.arange(64).view(1, 1, 8, 8) % 19 - 9
    images = ImageSet((levels[:, None, None, None] + noise).to(torch.uint8), labels)
    return Dataset(name, images, images, tuple(names))


class Nearest(nn.Module):
    """Tells the levels of `names` apart without a mistake, by the distance to each."""

    def __init__(self, names=("a", "b", "c")):
        super().__init__()
        self.levels = nn.Parameter(torch.tensor([LEVEL[n] / 255 for n in names]))

    def forward(self, images):
        return -100 * (images.mean((1, 2, 3))[:, None] - self.levels).abs()


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A training whose network knows a, b and c; at a learning rate of next to nothing."""
    folder = tmp_path_factory.mktemp("trained") / "run"
    options = {"mean": (0.0,), "std": (1.0,), "lr": 1e-12, "padding": 0, "epochs": 1, "batch": 36}
    result = dada.train(grey("abc"), model=Nearest(), out=folder, weight_decay=0, **options)
    assert result["test_error"] == 0
    return folder


def error(run, data):
    return dada.evaluate(run, data, model=Nearest())


@pytest.mark.parametrize("names", ["abc", "cab", "bca", "ba", "c"])
def test_a_classes_order_and_absence_change_no_error(run, names):
    found = error(run, grey(names))
    assert found["test_error"] == 0 and found["classes"] == ["a", "b", "c"]
    assert found["class_errors"] == [0 if n in names else None for n in "abc"]
    few = len(names) < 3
    assert found["notes"] == ([f"grey has {len(names)} of the network's 3 classes"] if few else [])


def test_mistakes_are_told_for_the_class_that_they_are_of(run):
    wrong = grey("ca", known={"c": LEVEL["c"], "a": LEVEL["b"]})  # each a looks like a b
    found = error(run, wrong)
    assert found["test_error"] == 0.5 and found["class_errors"] == [1, None, 0]


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        ("bcd", "grey has the class 'd', which the network of .* not trained on; grey has no 'a'"),
        ("abcd", "grey has the class 'd', which the network of"),
        ("xyz", "the classes 'x', 'y', 'z', .* grey has no 'a', 'b', 'c'"),
        ("ABC", "grey has the classes 'A', 'B', 'C'"),
        ("12", "grey has the classes '1', '2'"),
        ("01", "grey has the classes '0', '1'"),  # numbers, but of another count
        ("123", "grey has the classes '1', '2', '3'"),  # names, as they do not begin at 0
        ("aab", "grey has several classes of the same name"),
    ],
)
def test_a_class_that_the_network_does_not_know_is_refused(run, names, reason):
    known = dict.fromkeys(names, 99)
    with pytest.raises(UserError, match=reason) as caught:
        error(run, grey(names, known))
    assert "\n" not in str(caught.value)


def test_labels_without_names_are_matched_by_number_and_that_is_said(run):
    unnamed = grey("012", dict(zip("012", LEVEL.values(), strict=False)))
    found = error(run, unnamed)
    assert found["test_error"] == 0
    assert found["notes"] == ["grey has numbers for class names: classes are matched by number"]
    outputs, notes = match(grey("bca"), ("0", "1", "2"), "the network")
    assert outputs == [0, 1, 2] and notes[0].startswith("the network has numbers for class names")


def test_an_accent_is_the_same_letter_on_every_file_system():
    composed, decomposed = "caf\u00e9", "cafe\u0301"
    data = grey(["bar", composed], {"bar": 1, composed: 2})
    assert match(data, (decomposed, "bar"), "the network").outputs == [1, 0]


def pictures(root, names, part=""):
    for name in names:
        (root / part / name).mkdir(parents=True)
        for number in range(10):
            pixels = np.full((32, 32, 3), LEVEL[name] + number, np.uint8)
            pixels[..., 2] = 0  # a colour picture
            Image.fromarray(pixels).save(root / part / name / f"{number}.png")


def test_folders_are_matched_by_the_names_of_their_folders(tmp_path):
    pictures(tmp_path / "abc", "abc")
    run, tiny = tmp_path / "run", {"epochs": 1, "model": "wrn-10-1", "batch": 8}
    result = dada.train(tmp_path / "abc", out=run, **tiny)
    assert dada.evaluate(run)["test_error"] == result["test_error"]
    pictures(tmp_path / "bcd", "bcd")
    with pytest.raises(UserError, match=r"bcd has the class 'd'.* bcd has no 'a'"):
        dada.evaluate(run, tmp_path / "bcd")
    pictures(tmp_path / "split", "abc", "train")
    pictures(tmp_path / "split", "bc", "test")  # a test folder with some of the classes
    found = dada.evaluate(run, tmp_path / "split")
    assert found["test_images"] == 20 and found["class_errors"][0] is None
    # Files are matched as images in memory are.
    files = dada.datasets.open_files(tmp_path / "split", side=32)
    assert dada.evaluate(run, files)["class_errors"] == found["class_errors"]


class Listed(list):
    """A PyTorch dataset is anything with a length and items."""


def test_a_pytorch_dataset_is_evaluated_by_the_names_of_its_classes(run):
    shades = grey("cab").test
    pairs = Listed(zip(shades.images, shades.labels.tolist(), strict=True))
    pairs.classes = ("c", "a", "b")
    found = error(run, (pairs, pairs))
    assert found["test_error"] == 0
    assert any("exact copies" in note for note in found["notes"])


def test_a_training_does_not_go_on_under_other_class_names(tmp_path):
    pictures(tmp_path / "set", "ab")
    given = {"out": tmp_path / "run", "epochs": 1, "model": "wrn-10-1", "batch": 8}
    dada.train(tmp_path / "set", **given)
    (tmp_path / "set" / "b").rename(tmp_path / "set" / "z")
    with pytest.raises(UserError, match=r"other class names \('b' is 'z' now\)"):
        dada.train(tmp_path / "set", resume=True, **given)


def test_a_folder_that_has_changed_since_is_told_of(tmp_path):
    pictures(tmp_path / "set", "ab")
    dada.train(tmp_path / "set", out=tmp_path / "run", epochs=1, model="wrn-10-1", batch=8)
    assert dada.evaluate(tmp_path / "run")["notes"] == []
    shutil.copy(tmp_path / "set/a/3.png", tmp_path / "set/b/new.png")
    (note,) = dada.evaluate(tmp_path / "run")["notes"]
    assert note.startswith("set has changed since the training: some of the test images may be")


def test_several_labels_are_matched_by_name_too(tmp_path):
    generator = torch.Generator().manual_seed(0)
    labels = (torch.rand(40, 3, generator=generator) < 0.5).float()
    images = ImageSet(torch.randint(256, (40, 1, 8, 8), dtype=torch.uint8), labels)
    data = Dataset("tags", images, images, ("sky", "sea", "sun"))
    result = dada.train(data, out=tmp_path / "run", epochs=1, model="wrn-10-1", batch=8)
    sky, sea, sun = result["class_errors"]

    def columns(*names):
        chosen = [data.classes.index(name) for name in names]
        part = ImageSet(images.images, labels[:, chosen])
        return dada.evaluate(tmp_path / "run", Dataset("tags", part, part, names))

    assert columns("sun", "sky", "sea")["class_errors"] == [sun, sky, sea]
    found = columns("sun", "sky")
    assert found["class_errors"] == [sun, sky] and found["classes"] == ["sun", "sky"]
    assert found["test_error"] == pytest.approx((sun + sky) / 2)
    with pytest.raises(UserError, match="has the class 'moon'"):
        other = dataclasses.replace(data, classes=("sky", "sea", "moon"))
        dada.evaluate(tmp_path / "run", other)
    one = grey(["sky", "sea", "sun"], {"sky": 1, "sea": 2, "sun": 3})
    with pytest.raises(UserError, match="grey has one label per image, but the network"):
        dada.evaluate(tmp_path / "run", one)

"""Datasets of Hugging Face: made here and saved to disk, since tests have no network."""

import re
import sys

import numpy as np
import pytest
import torch
from PIL import Image

import dada
from dada.datasets import Chosen, FileDataset, as_dataset, from_torch, load, open_images
from dada.datasets.hf_images import SplitImages
from dada.datasets.huggingface import hub_name
from dada.errors import UserError

RNG = np.random.default_rng(0)


def test_without_the_library_the_message_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(UserError) as e:
        load("hf:owner/name")
    assert str(e.value) == "hf:owner/name needs datasets: pip install 'dada-augment[hf]'"


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("hf:uoft-cs/cifar10", "cifar10"),
        ("hf:mnist", "mnist"),
        ("hf:a/b.c:large", "b.c"),
        ("hf:/data/mine", "mine"),
    ],
)
def test_data_is_called_by_the_last_part_of_its_name(source, name):
    assert hub_name(source) == name


@pytest.fixture
def hf():
    return pytest.importorskip("datasets")


def pictures(count, size=(12, 10), mode="RGB"):
    shape = size[::-1] if mode == "L" else (*size[::-1], 3)
    return [Image.fromarray(RNG.integers(0, 256, shape, dtype=np.uint8)) for _ in range(count)]


def split(hf, images, labels, kind=None, **more):
    columns = {
        "id": (hf.Value("string"), [str(i) for i in range(len(images))]),
        "pic": (hf.Image(), images),
        "label": (kind or hf.ClassLabel(names=["cat", "dog"]), labels),
        **more,
    }
    return hf.Dataset.from_dict(
        {name: values for name, (_, values) in columns.items()},
        features=hf.Features({name: feature for name, (feature, _) in columns.items()}),
    )


def saved(hf, folder, **splits):
    hf.DatasetDict(splits).save_to_disk(folder)
    return f"hf:{folder}"


def chw(images):
    return torch.stack([torch.from_numpy(np.array(x).transpose(2, 0, 1)) for x in images])


def test_pictures_labels_and_names(hf, tmp_path):
    train, test = pictures(6), pictures(3)
    source = saved(
        hf,
        tmp_path / "pets",
        train=split(hf, train, [0, 1, 0, 1, 1, 1]),
        test=split(hf, test, [1, 0, 1]),
        validation=split(hf, test, [0, 0, 1]),
        dev=split(hf, test, [0, 0, 1]),
    )
    dataset = load(source)
    assert torch.equal(dataset.validation.images, chw(test))
    assert dataset.validation.labels.tolist() == [0, 0, 1]
    assert torch.equal(dataset.train.images, chw(train))
    assert torch.equal(dataset.test.images, chw(test))
    assert dataset.train.labels.tolist() == [0, 1, 0, 1, 1, 1]
    assert dataset.test.labels.tolist() == [1, 0, 1]
    assert (dataset.name, dataset.classes, dataset.flip) == ("pets", ("cat", "dog"), True)
    assert dataset.notes == (
        f"{source}: images are the column 'pic', labels the column 'label'",
        "test is the test set",
        "validation is the validation set",
        "dev is not used (3 images): validation is the validation set",
    )


def test_validation_is_used_where_test_labels_are_secret(hf, tmp_path):
    some = pictures(4)
    source = saved(
        hf,
        tmp_path / "x",
        train=split(hf, some, [0, 1, 0, 1]),
        test=split(hf, some, [-1] * 4),
        validation=split(hf, some[:2], [1, 1]),
    )
    parts = load(source)
    assert parts.test.labels.tolist() == [1, 1]
    assert parts.notes[1:3] == (
        "validation is the test set: there is no other",
        "test is not used: 4 images without labels",
    )


def test_an_empty_test_split_is_not_used(hf, monkeypatch):
    train = split(hf, pictures(10), [0, 1] * 5)
    splits = hf.DatasetDict(train=train, test=split(hf, [], []))
    monkeypatch.setattr(hf, "load_dataset", lambda *args, **options: splits)
    parts = load("hf:owner/name")
    assert len(parts.test) == 2 and parts.notes[1] == "test is not used: 0 images"


def test_one_split_alone_is_for_training_and_a_test_set_is_held_out(hf, tmp_path):
    split(hf, pictures(20), [0, 1] * 10).save_to_disk(tmp_path / "x")
    dataset = load(f"hf:{tmp_path}/x")
    assert (len(dataset.train), len(dataset.test)) == (16, 4)
    assert "held out as the test set (4 of 20)" in dataset.notes[-1]


def test_integers_are_numbered_in_their_order(hf, tmp_path):
    some = pictures(4)
    source = saved(
        hf,
        tmp_path / "x",
        train=split(hf, some, [7, 10, 7, 3], hf.Value("int32")),
        test=split(hf, some, [3, 3, 10, 7], hf.Value("int32")),
    )
    parts = load(source)
    assert parts.classes == ("3", "7", "10")
    assert parts.train.labels.tolist() == [1, 2, 1, 0]
    assert parts.test.labels.tolist() == [0, 0, 2, 1]


def test_class_labels_go_before_integers_and_the_column_called_label_first(hf, tmp_path):
    some, fine = pictures(4), hf.ClassLabel(names=["a", "b", "c"])
    whole = split(hf, some, [5, 6, 5, 6], hf.Value("int64"), fine=(fine, [2, 1, 0, 1]))
    parts = load(saved(hf, tmp_path / "x", train=whole, test=whole))
    assert (parts.classes, parts.train.labels.tolist()) == (("a", "b", "c"), [2, 1, 0, 1])
    assert any(note.startswith("columns not used: label") for note in parts.notes)
    whole = split(hf, some, [0, 1, 0, 1], fine=(fine, [2, 1, 0, 1])).select_columns(
        ["fine", "pic", "label"]
    )
    parts = load(saved(hf, tmp_path / "y", train=whole, test=whole))
    assert parts.classes == ("cat", "dog")


def test_different_sizes_become_one_in_both_splits(hf, tmp_path):
    train, test = pictures(3, (60, 70)), pictures(2, (90, 200))
    source = saved(
        hf, tmp_path / "x", train=split(hf, train, [0, 1, 0]), test=split(hf, test, [1, 0])
    )
    assert load(source).side == (64, 64)
    assert load(source, side=16).test.images.shape == (2, 3, 16, 16)
    assert "images resized and cropped to 64x64; side= changes it" in load(source).notes


def test_full_size_pictures_are_never_in_memory_together(hf, tmp_path, monkeypatch):
    sides = []

    def spy(pairs, side, name, bits):
        sides.append(side)
        return from_torch(pairs, side, name, bits)

    monkeypatch.setattr(sys.modules["dada.datasets.read_splits"], "from_torch", spy)
    some = pictures(2) + pictures(2, (9, 9))
    load(saved(hf, tmp_path / "x", train=split(hf, some * 3, [0, 1] * 6)))
    load(saved(hf, tmp_path / "y", train=split(hf, some[:2] * 6, [0, 1] * 6)))
    assert sides == [32, None]


def test_grey_training_pictures_are_rgb_beside_rgb_test_pictures(hf, tmp_path):
    grey, rgb = pictures(2, mode="L"), pictures(2)
    both = {"train": split(hf, grey, [0, 1]), "test": split(hf, rgb, [0, 1])}
    assert load(saved(hf, tmp_path / "x", **both)).channels == 3
    assert load(saved(hf, tmp_path / "y", train=both["train"], test=both["train"])).channels == 1


def test_columns_that_are_formatted_or_not_decoded_are_the_same(hf, tmp_path):
    some = pictures(4)
    whole = split(hf, some, [0, 1, 0, 1]).cast_column("pic", hf.Image(decode=False))
    parts = load(saved(hf, tmp_path / "x", train=whole.with_format("numpy"), test=whole))
    assert torch.equal(parts.train.images, chw(some))


def test_a_picture_that_cannot_be_decoded_is_named(hf, tmp_path):
    broken = {"bytes": b"no picture", "path": None}
    source = saved(hf, tmp_path / "x", train=split(hf, [*pictures(11), broken], [0, 1] * 6))
    with pytest.raises(UserError, match="x, train, item 11: cannot be decoded: cannot identify"):
        load(source)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda hf, d: {"test": d}, "has splits test: train is needed"),
        (lambda hf, d: {"train": d.remove_columns("pic")}, "has columns id, label: one of images"),
        (lambda hf, d: {"train": d.remove_columns("label")}, "has columns id, pic: one of images"),
        (
            lambda hf, d: {"train": split(hf, pictures(2), [0, None])},
            "train has no value in 'label' for some or all images",
        ),
        (
            lambda hf, d: {"train": split(hf, pictures(2), [3, 3], hf.Value("int8"))},
            "one class only",
        ),
        (
            lambda hf, d: {
                "train": split(hf, pictures(2), [3, 4], hf.Value("int8")),
                "test": split(hf, pictures(2), [3, 5], hf.Value("int8")),
            },
            "test has label 5: must be one of train's classes",
        ),
    ],
)
def test_what_cannot_be_used(hf, tmp_path, change, message):
    source = saved(hf, tmp_path / "x", **change(hf, split(hf, pictures(4), [0, 1, 0, 1])))
    with pytest.raises(UserError, match=message) as e:
        load(source)
    assert str(e.value).startswith(source) and "\n" not in str(e.value)


def test_nothing_there(hf, tmp_path):
    with pytest.raises(UserError, match=f"^hf:{tmp_path}/no: cannot be read .* must be hf:OWNER"):
        load(f"hf:{tmp_path}/no")
    with pytest.raises(UserError, match=r"^hf:owner/name: the Hub is not accessed"):
        load("hf:owner/name", download=False)


@pytest.mark.parametrize("older", [False, True])
def test_name_and_configuration_go_to_the_library_and_its_code_is_never_run(
    hf, tmp_path, monkeypatch, older
):
    calls = []
    whole = hf.DatasetDict(train=split(hf, pictures(10), [0, 1] * 5))

    def new(path, name=None, cache_dir=None):
        calls.append((path, name, cache_dir))
        return whole

    def old(path, name=None, cache_dir=None, trust_remote_code=None):
        assert trust_remote_code is False
        return new(path, name, cache_dir)

    monkeypatch.setattr(hf, "load_dataset", old if older else new)
    assert len(load("hf:owner/name:large", root=tmp_path).train) == 8
    load("hf:name")
    assert calls == [("owner/name", "large", str(tmp_path)), ("name", None, None)]


def two_labels(hf, count=20):
    """Class labels of two kinds, neither called `label`."""
    coarse, fine = hf.ClassLabel(names=["pet", "car"]), hf.ClassLabel(names=["cat", "dog", "van"])
    numbers = [[0, 0, 1][i % 3] for i in range(count)], [i % 3 for i in range(count)]
    whole = split(
        hf, pictures(count), [0] * count, coarse=(coarse, numbers[0]), fine=(fine, numbers[1])
    )
    return whole.remove_columns("label")


def test_of_several_label_columns_the_user_chooses_one(hf, tmp_path):
    source = saved(hf, tmp_path / "x", train=two_labels(hf))
    with pytest.raises(
        UserError,
        match=r"several label columns \(coarse, fine\): choose one with hf:NAME\?label=COLUMN",
    ):
        load(source)
    dataset = load(f"{source}?label=fine")
    assert (dataset.classes, dataset.name) == (("cat", "dog", "van"), "x")
    assert "columns not used: coarse; add ?label=COLUMN to use another" in dataset.notes
    assert load(f"{source}?label=coarse&image=pic").classes == ("pet", "car")


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("?label=breed", "no label column 'breed'; there are coarse, fine"),
        ("?image=photo&label=fine", "no image column 'photo'; there are pic"),
        ("?split=train", "'split': must be ?image=COLUMN or ?label=COLUMN"),
    ],
)
def test_a_wrong_column_is_named(hf, tmp_path, query, message):
    source = saved(hf, tmp_path / "x", train=two_labels(hf)) + query
    with pytest.raises(UserError, match=re.escape(f"{source}: {message}")):
        load(source)


def test_one_of_several_columns_of_images_is_not_guessed(hf, tmp_path):
    whole = split(hf, pictures(4), [0, 1] * 2, mask=(hf.Image(), pictures(4)))
    with pytest.raises(UserError, match=r"several image columns \(pic, mask\)"):
        load(saved(hf, tmp_path / "x", train=whole))


def test_objects_of_the_library_are_taken_as_they_are(hf):
    whole = split(hf, pictures(20), [0, 1] * 10)
    alone = as_dataset(whole)
    assert alone.classes == ("cat", "dog") and (len(alone.train), len(alone.test)) == (16, 4)
    some = pictures(4)
    for data in (
        hf.DatasetDict(train=whole, test=split(hf, some, [0, 1, 1, 0])),
        (whole, split(hf, some, [0, 1, 1, 0])),
        [whole.with_format("numpy"), split(hf, some, [0, 1, 1, 0])],
    ):
        both = as_dataset(data)
        assert torch.equal(both.test.images, chw(some))
        assert both.test.labels.tolist() == [0, 1, 1, 0]


def test_test_labels_are_matched_by_the_names_of_the_test_split(hf):
    other = split(hf, pictures(4), [0, 1, 1, 0], hf.ClassLabel(names=["dog", "cat"]))
    both = as_dataset(hf.DatasetDict(train=split(hf, pictures(20), [0, 1] * 10), test=other))
    assert both.test.labels.tolist() == [1, 0, 0, 1]


def test_a_streamed_dataset_is_refused(hf):
    streamed = split(hf, pictures(20), [0, 1] * 10).to_iterable_dataset()
    with pytest.raises(
        UserError, match="train is streamed and has no length: load it without streaming=True"
    ):
        as_dataset(streamed)


@pytest.mark.parametrize("name", ["validation", "val"])
def test_validation_labels_are_matched_by_the_names_of_their_split(hf, name):
    some, other = pictures(5), hf.ClassLabel(names=["dog", "cat"])
    splits = {
        "train": split(hf, some, [0, 1, 0, 1, 0]),
        "test": split(hf, some[:2], [0, 1]),
        name: split(hf, some[:3], [0, 0, 1], other),
    }
    dataset = as_dataset(hf.DatasetDict(splits))
    assert dataset.validation.labels.tolist() == [1, 1, 0]
    splits[name] = split(hf, some[:3], [-1, -1, -1])
    dataset = as_dataset(hf.DatasetDict(splits))
    assert dataset.validation is None
    assert f"{name} is not used: 3 images without labels" in dataset.notes
    splits[name] = split(hf, some[:1], [0], hf.ClassLabel(names=["eel", "cat"]))
    with pytest.raises(UserError, match="validation classes 'eel' are missing from the training"):
        as_dataset(hf.DatasetDict(splits))


def texts(hf, images, labels):
    return split(hf, images, labels, hf.Value("string"))


def test_text_in_a_column_called_label_names_the_classes(hf, tmp_path):
    some = pictures(6)
    whole = texts(hf, some, ["dog", "cat", "eel", "cat", "dog", "cat"])
    data = hf.DatasetDict(train=whole, test=texts(hf, some[:2], ["eel", "dog"]))
    dataset = as_dataset(data)
    assert dataset.classes == ("cat", "dog", "eel")
    assert dataset.train.labels.tolist() == [1, 0, 2, 0, 1, 0]
    assert dataset.test.labels.tolist() == [2, 1]
    data.save_to_disk(tmp_path / "x")
    named = load(f"hf:{tmp_path}/x?label=id")  # text by another name, if the user says so
    assert named.classes == tuple("012345")
    data["test"] = texts(hf, some[:1], ["owl"])
    with pytest.raises(UserError, match="test has label owl: must be one of train's classes"):
        as_dataset(data)
    data["test"] = split(hf, some[:1], [1])
    with pytest.raises(UserError, match="labels are text in one of train and test only"):
        as_dataset(data)


def test_text_that_is_missing_is_no_label(hf):
    some = pictures(10)
    train = texts(hf, some, ["cat", "dog"] * 5)
    dataset = as_dataset({"train": train, "test": texts(hf, some[:2], ["cat", None])})
    assert "test is not used: 2 images without labels" in dataset.notes
    with pytest.raises(UserError, match="train has no value in 'label' for some or all images"):
        as_dataset(texts(hf, some, ["cat", "dog", "", *["dog"] * 7]))


@pytest.mark.parametrize(
    ("names", "roles"),
    [
        (("training", "testing", "valid"), ("testing", "valid")),
        (("TRAIN", "dev", "eval"), ("eval", "dev")),
        (("train_set", "test_set", "val_set"), ("test_set", "val_set")),
        (("train", "validation"), ("validation", None)),
    ],
)
def test_splits_by_the_names_that_people_use(hf, names, roles):
    given = {name: pictures(4 + i) for i, name in enumerate(names)}
    splits = {
        name: split(hf, images, [0, 1, 1, 0, 1, 1][: len(images)]) for name, images in given.items()
    }
    dataset = as_dataset(
        hf.DatasetDict({**splits, "unsupervised": split(hf, pictures(3), [-1] * 3)})
    )
    assert torch.equal(dataset.train.images, chw(given[names[0]]))
    assert torch.equal(dataset.test.images, chw(given[roles[0]]))
    assert (dataset.validation is None) == (roles[1] is None)
    if roles[1]:
        assert torch.equal(dataset.validation.images, chw(given[roles[1]]))
    assert "unsupervised is not used: 3 images" in dataset.notes


def test_pictures_are_decoded_one_at_a_time_once_they_fit(hf, monkeypatch):
    monkeypatch.setattr(
        sys.modules["dada.datasets.read_splits"], "available", lambda: 2 * 20 * 3 * 64 * 64
    )
    whole = split(hf, pictures(20, (64, 64)), [0, 1] * 10)
    assert as_dataset(whole).side == (64, 64)
    with pytest.raises(UserError, match=r"20 images of 65x65 take .* but only .* are free"):
        as_dataset(whole, side=65)


def test_the_data_are_called_by_the_name_of_their_dataset(hf, tmp_path):
    for name in ("cat", "dog"):
        (tmp_path / "pets" / name).mkdir(parents=True)
        for i, picture in enumerate(pictures(10)):
            picture.save(tmp_path / "pets" / name / f"{i}.png")
    found = hf.load_dataset("imagefolder", data_dir=str(tmp_path / "pets"), cache_dir=str(tmp_path))
    dataset = as_dataset(found)
    assert dataset.name == found["train"].info.dataset_name
    assert dataset.classes == ("cat", "dog")
    assert (len(dataset.train), len(dataset.test)) == (16, 4)


@pytest.fixture
def decoded(monkeypatch):
    items = []
    real = SplitImages.decoded

    def spy(images, index):
        items.append(images.files[index])
        return real(images, index)

    monkeypatch.setattr(SplitImages, "decoded", spy)
    return items


def test_only_chosen_pictures_are_decoded(hf, decoded):
    some = pictures(40)
    whole = split(hf, some, [0, 1] * 20)
    everything = as_dataset(whole)
    decoded.clear()
    rows = np.array([5, 0, 20])
    few = as_dataset(whole, 10, choose=lambda files: Chosen(rows, test=False))
    assert set(decoded) <= {few.files.train.files[row] for row in rows}
    assert few.train.labels.tolist() == everything.train.labels[rows].tolist()
    assert few.all_labels.tolist() == everything.train.labels.tolist()
    assert (len(few.train), len(few.test), len(few.files.test)) == (3, 0, 8)
    there = as_dataset(whole, choose=lambda files: Chosen(rows, test=False))
    assert torch.equal(there.train.images, everything.train.images[rows])
    items = [int(name.rpartition(" ")[2]) for name in there.files.train.files]
    assert torch.equal(there.train.images, chw([some[items[row]] for row in rows]))


def test_copies_stay_on_one_side_of_the_split(hf):
    some = pictures(15)
    dataset = as_dataset(split(hf, some * 2, [i % 3 % 2 for i in range(30)]))
    sides = [set(part.contents()) for part in (dataset.train, dataset.test)]
    assert not sides[0] & sides[1] and len(sides[0] | sides[1]) == 15
    assert (
        "15 images are exact copies: copies stay on the same side of every split" in dataset.notes
    )


def test_a_missing_picture_is_named(hf):
    whole = split(hf, [*pictures(9), None], [0, 1] * 5)
    with pytest.raises(UserError, match="Dataset, train, item 9: there is no picture"):
        as_dataset(whole)


def test_a_search_of_a_few_of_them_resumes(hf, tmp_path, decoded):
    source = saved(hf, tmp_path / "pets", train=split(hf, pictures(60), [0, 1] * 30))
    settings = {"epochs": 2, "batch": 4, "device": "cpu", "model": "wrn-10-1", "images": 12}
    policy = dada.search(source, preset="step", out=tmp_path / "run", **settings)
    assert len(set(decoded)) <= 13  # and the first, which tells how deep they are
    again = dada.search(source, preset="step", out=tmp_path / "run", resume=True, **settings)
    assert again == policy


def test_what_does_not_fit_is_trained_from_the_library(hf, tmp_path, monkeypatch):
    some, other = pictures(20, (24, 20)), pictures(4, (24, 20))
    source = saved(
        hf,
        tmp_path / "pets",
        train=split(hf, some, [0, 1] * 10),
        test=split(hf, other, [0, 1, 1, 0]),
        validation=split(hf, other, [0, 1, 1, 0]),
    )
    memory = sys.modules["dada.datasets.load"], "_MEMORY"
    assert torch.equal(open_images(source).train.images, chw(some))
    monkeypatch.setattr(*memory, 24 * 3 * 20 * 24 - 1)
    opened = open_images(source)
    assert isinstance(opened, FileDataset) and opened.side == (20, 24)
    assert np.array_equal(np.asarray(opened.train.read(7)), np.asarray(some[7]))
    assert np.array_equal(np.asarray(opened.test.read(2)), np.asarray(other[2]))
    assert "read from their files instead" in opened.notes[-1] and opened.validation is None
    result = dada.train(data=source, model="wrn-10-1", epochs=1, batch=10, device="cpu", side=16)
    assert 0 <= result["test_error"] <= 1
    uneven = saved(
        hf, tmp_path / "x", train=split(hf, [*some, *pictures(4, (30, 40))], [0, 1] * 12)
    )
    assert open_images(uneven).side == (224, 224)


def test_the_side_does_not_depend_on_the_choice(hf):
    whole = split(hf, [*pictures(10, (40, 40)), *pictures(10, (90, 80))], [0, 1] * 10)
    for rows in (np.arange(4), np.arange(16)):
        assert as_dataset(whole, choose=lambda _, rows=rows: Chosen(rows)).side == (64, 64)

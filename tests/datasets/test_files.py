import numpy as np
import pytest
import torch
from PIL import Image, ImageFile
from torchvision import datasets

from dada.datasets import FileDataset, ImageFiles, files, load, open_files
from dada.errors import UserError

RNG = np.random.default_rng(0)


def make(root, classes=("cat", "dog"), count=5):
    for name in classes:
        (root / name).mkdir(parents=True)
        for i in range(count):
            pixels = RNG.integers(0, 256, (8 + i, 9, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(root / name / f"{i}.png")
    return root


def image_files(root, *pictures, channels=3, **options):
    paths = [root / f"{i}.png" for i in range(len(pictures))]
    for path, picture in zip(paths, pictures, strict=True):
        picture.save(path, **options)
    return ImageFiles(tuple(map(str, paths)), torch.zeros(len(paths), dtype=torch.int64), channels)


# Opening


def test_a_folder_gives_the_files_that_torchvision_lists(tmp_path):
    make(tmp_path / "train")
    make(tmp_path / "val", classes=("dog",), count=2)
    opened = open_files(tmp_path)
    listed = datasets.ImageFolder(tmp_path / "train")
    assert list(opened.train.files) == [file for file, _ in listed.samples]
    assert opened.train.labels.tolist() == listed.targets
    assert opened.test.labels.tolist() == [1, 1]
    assert (opened.name, opened.classes, opened.channels) == (tmp_path.name, ("cat", "dog"), 3)
    assert opened.flip and opened.notes == ("val/ is the test set: there is no other",)


def test_nothing_is_decoded_at_opening(tmp_path, monkeypatch):
    decoded = []
    make(tmp_path)
    monkeypatch.setattr(ImageFile.ImageFile, "load", decoded.append)
    assert len(open_files(str(tmp_path)).train) == 8
    assert not decoded


def test_without_a_test_set_the_same_images_are_held_out_as_in_memory(tmp_path):
    make(tmp_path, count=10)
    opened, loaded = open_files(tmp_path), load(tmp_path, side=16)
    assert opened.test.labels.tolist() == loaded.test.labels.tolist()
    assert opened.train.labels.tolist() == loaded.train.labels.tolist()
    assert not set(opened.train.files) & set(opened.test.files)
    assert opened.notes == loaded.notes[:1]


@pytest.fixture(scope="module")
def imagenet(tmp_path_factory):
    root = tmp_path_factory.mktemp("imagenet")
    for label in range(1000):
        for split, count in (("train", 2), ("val", 1)):
            folder = root / split / f"n{label:08d}"
            folder.mkdir(parents=True)
            for i in range(count):
                (folder / f"{i}.JPEG").touch()
    return root


def test_imagenet_is_all_of_it(imagenet):
    opened = open_files("imagenet", imagenet)
    assert (len(opened.train), len(opened.test), len(opened.classes)) == (2000, 1000, 1000)
    assert opened.test.labels.tolist() == list(range(1000))
    assert all(f"n{label:08d}" in opened.train.files[2 * label] for label in (0, 1, 500, 999))
    assert opened.classes[7] == "n00000007"
    assert (opened.name, opened.flip) == ("imagenet", True)
    assert "all 2000 training images" in opened.notes[0]


def test_imagenet_lies_where_named_sets_are_kept(imagenet, tmp_path, monkeypatch):
    (tmp_path / ".cache" / "dada").mkdir(parents=True)
    (tmp_path / ".cache" / "dada" / "imagenet").symlink_to(imagenet)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert len(open_files("imagenet").train) == 2000


@pytest.mark.parametrize("source", ["cifar10", "no/such/path"])
def test_what_is_no_folder(source, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=f"^{source}: not an image folder or a table: give one, or"):
        open_files(source)
    with pytest.raises(UserError, match="no images: must hold a folder of images"):
        open_files(tmp_path)


# Files


def test_a_subset_by_indices_and_by_mask():
    files = ImageFiles(("a", "b", "c"), torch.tensor([0, 1, 2]), 1)
    some = files.subset([2, 0])
    assert (some.files, some.labels.tolist(), some.channels) == (("c", "a"), [2, 0], 1)
    assert files.subset(files.labels > 0).files == ("b", "c")
    assert len(files.subset([])) == 0
    assert files.subset([0, 1, 2]) is files


def test_files_of_the_same_bytes_have_the_same_contents(tmp_path, monkeypatch):
    long = bytes(5000)
    written = [long, b"short", long, long[:-1] + b"x", b"other", b"short", b"x" + long[1:], b"gone"]
    paths = [tmp_path / f"{i}.png" for i in range(len(written))]
    for path, data in zip(paths, written, strict=True):
        path.write_bytes(data)
    paths[-1].unlink()
    whole = []
    digest = files._whole
    monkeypatch.setattr(files, "_whole", lambda file: whole.append(file) or digest(file))
    labels = torch.zeros(len(paths), dtype=torch.int64)
    found = ImageFiles(tuple(map(str, paths)), labels).contents()
    alike = [[other == one for other in found] for one in found]
    # Written is what cannot be read any more, which equals itself alone.
    assert alike == [[other == one for other in written] for one in written]
    assert str(paths[6]) not in whole and str(paths[4]) not in whole  # their beginnings tell


def test_a_file_is_read_upright_at_its_size_in_rgb(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # shown turned clockwise
    lying = Image.fromarray(RNG.integers(0, 256, (6, 9), dtype=np.uint8))
    picture = image_files(tmp_path, lying, exif=exif).read(0)
    expected = lying.transpose(Image.Transpose.ROTATE_270).convert("RGB")
    assert picture.mode == "RGB"
    np.testing.assert_array_equal(picture, expected)


def test_a_file_is_read_in_grey_where_images_are(tmp_path):
    picture = Image.fromarray(RNG.integers(0, 256, (6, 9, 3), dtype=np.uint8))
    np.testing.assert_array_equal(
        image_files(tmp_path, picture, channels=1).read(0), picture.convert("L")
    )


def test_a_broken_file_is_named_when_it_is_read(tmp_path):
    files = image_files(tmp_path, Image.new("RGB", (64, 64)), Image.effect_noise((64, 64), 50))
    (tmp_path / "0.png").write_bytes(b"no picture")
    (tmp_path / "1.png").write_bytes((tmp_path / "1.png").read_bytes()[:-900])
    for index in (0, 1):
        with pytest.raises(UserError) as e:
            files.read(index)
        message = str(e.value)
        assert message.startswith(f"{tmp_path}/{index}.png: cannot be read (")
        assert message.endswith("): repair or remove it")
        assert message.count(str(tmp_path)) == 1 and "\n" not in message
    (tmp_path / "1.png").unlink()
    with pytest.raises(UserError, match=r"1\.png: cannot be read .*No such file"):
        files.read(1)


# What does not fit together


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((("a",), torch.tensor([0, 1])), "1 files but 2 labels: the counts must match"),
        ((("a",), torch.tensor([0.0])), r"labels are float32 \(1,\): must be int64"),
        ((("a",), torch.tensor([0]), 4), "4 channels: must be 1 or 3"),
    ],
)
def test_files_and_labels_must_match(arguments, message):
    with pytest.raises(UserError, match=message):
        ImageFiles(*arguments)


def test_both_sets_must_be_of_the_classes_and_channels():
    some = ImageFiles(("a", "b"), torch.tensor([0, 2]))
    grey = ImageFiles(("c",), torch.tensor([0]), 1)
    with pytest.raises(UserError, match="x: training labels are 0 to 2 for 2 classes"):
        FileDataset("x", some, some, ("cat", "dog"))
    with pytest.raises(UserError, match="x: training images have 3 channels but test images 1"):
        FileDataset("x", some, grey, ("cat", "dog", "eel"))
    with pytest.raises(UserError, match="x: no test images"):
        FileDataset("x", some, some.subset([]), ("cat", "dog", "eel"))

import io
import re

import numpy as np
import pytest
import torch
from PIL import Image

from dada.datasets import load
from dada.datasets.decode import Read, Samples, decode, shorter_sides
from dada.datasets.pixels import choose_side, square, to_eight_bits
from dada.errors import UserError

RNG = np.random.default_rng(0)


def picture(width=20, height=16, mode="RGB"):
    shape = (height, width) if mode == "L" else (height, width, len(mode))
    return Image.fromarray(RNG.integers(0, 256, shape, dtype=np.uint8))


def save(image, path, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, **options)


def make(root, classes=("cat", "dog"), count=6, **options):
    for name in classes:
        for i in range(count):
            save(picture(**options), root / name / f"{i}.png")
    return root


def corrupt(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"no picture")


def truncate(path):
    buffer = io.BytesIO()
    picture(64, 64).save(buffer, "PNG" if path.suffix == ".png" else "JPEG")
    path.write_bytes(buffer.getvalue()[: len(buffer.getvalue()) // 2])


# Layouts


def test_class_folders_are_classes_and_a_test_set_is_held_out(tmp_path):
    dataset = load(make(tmp_path / "my.pets", count=10))
    assert dataset.name == "my.pets"
    assert dataset.classes == ("cat", "dog")
    assert (len(dataset.train), len(dataset.test)) == (16, 4)
    assert dataset.test.labels.bincount().tolist() == [2, 2]
    assert (dataset.channels, dataset.side, dataset.flip) == (3, (32, 32), True)
    assert dataset.notes == (
        "no test images found: 20 % of the images, chosen per class, are held out as the test set "
        "(4 of 20)",
        "images resized and cropped to 32x32 (median shorter side 16); side= changes it",
    )


@pytest.mark.parametrize(
    ("train", "test"),
    [("train", "test"), ("train", "val"), ("train", "validation"), ("Training", "Testing")],
)
def test_train_and_test_folders(tmp_path, train, test):
    make(tmp_path / train, count=3)
    make(tmp_path / test, classes=("dog",), count=2)
    dataset = load(str(tmp_path))
    assert (len(dataset.train), dataset.test.labels.tolist()) == (6, [1, 1])
    assert dataset.notes[0].partition(":")[0] == f"{test}/ is the test set"


def test_test_goes_before_val_and_both_are_noted(tmp_path):
    make(tmp_path / "train", count=2)
    make(tmp_path / "val", count=3)
    make(tmp_path / "test", count=1)
    dataset = load(tmp_path)
    assert len(dataset.test) == 2
    assert len(dataset.validation) == 6
    assert dataset.notes[:2] == ("test/ is the test set", "val/ is the validation set")


def test_a_test_folder_without_classes_is_not_used(tmp_path):
    make(tmp_path / "train", count=5)
    save(picture(), tmp_path / "test" / "0.png")
    dataset = load(tmp_path)
    assert len(dataset.test) == 2
    assert "test/ is not used: 1 image in no class folder" in dataset.notes


def test_a_class_called_train_is_a_class(tmp_path):
    assert load(make(tmp_path, classes=("bus", "train"))).classes == ("bus", "train")


def test_nested_hidden_other_and_empty_things(tmp_path):
    make(tmp_path)
    save(picture(), tmp_path / "cat" / "more" / "7.JPG")
    (tmp_path / "cat" / "._0.png").write_bytes(b"finder")
    (tmp_path / "cat" / "notes.txt").write_text("text")
    (tmp_path / ".ipynb_checkpoints").mkdir()
    (tmp_path / "empty").mkdir()
    dataset = load(tmp_path)
    assert dataset.classes == ("cat", "dog")
    assert len(dataset.train) + len(dataset.test) == 13
    assert "no images in folder 'empty': not a class" in dataset.notes


# Sizes


@pytest.mark.parametrize(
    ("sides", "chosen"),
    [([], 32), ([8], 32), ([48], 32), ([49], 64), ([20, 128, 900], 64), ([129], 96), ([500], 96)],
)
def test_the_side_follows_the_median_shorter_side(sides, chosen):
    assert choose_side(sides) == chosen


def test_shorter_sides_look_at_a_sample(tmp_path, monkeypatch):
    files = [str(p) for p in sorted(make(tmp_path, count=5, width=30, height=11).rglob("*.png"))]
    assert shorter_sides(files) == [11] * 10
    monkeypatch.setattr("dada.datasets.decode._SAMPLE", 4)
    assert len(shorter_sides(files)) == 4


def test_mixed_sizes_become_one(tmp_path):
    make(tmp_path, count=5, width=200, height=140)
    save(picture(60, 300), tmp_path / "cat" / "tall.png")
    assert load(tmp_path).side == (96, 96)
    dataset = load(tmp_path, side=24)
    assert dataset.side == (24, 24)
    assert "images resized and cropped to 24x24" in dataset.notes


def test_square_is_a_resize_of_the_shorter_side_and_a_centre_crop():
    image = picture(40, 20)
    expected = image.resize((16, 8), Image.Resampling.BICUBIC).crop((4, 0, 12, 8))
    inner = np.s_[:, 2:-2]  # at the cut the filter no longer sees what was cut off
    np.testing.assert_array_equal(np.asarray(square(image, 8))[inner], np.asarray(expected)[inner])


def test_square_of_the_same_size_changes_nothing():
    image = picture(16, 16)
    np.testing.assert_array_equal(square(image, 16), image)


def test_a_large_jpeg_keeps_its_look(tmp_path):
    ramp = np.linspace(0, 255, 800, dtype=np.uint8)
    image = Image.fromarray(
        np.stack([np.tile(ramp, (600, 1))] * 2 + [np.full((600, 800), 9, np.uint8)], 2)
    )
    for name in ("cat", "dog"):
        save(image, tmp_path / name / "0.jpg", quality=95)
    files = tuple(str(tmp_path / name / "0.jpg") for name in ("cat", "dog"))
    found = decode(tmp_path, Samples(files, (0, 1)), None, 32)
    exact = torch.from_numpy(np.asarray(square(image, 32)).copy()).permute(2, 0, 1)
    assert (found.train.images[0].int() - exact.int()).abs().max() <= 4


# Modes


def only_image(tmp_path, image, name="x.png", side=16, **options):
    save(image, tmp_path / name, **options)
    return decode(tmp_path, Samples((str(tmp_path / name),), (0,)), None, side)


def test_grey_images_are_one_channel(tmp_path):
    make(tmp_path, count=5, mode="L")
    save(picture(mode="L").convert("RGB"), tmp_path / "cat" / "grey_as_rgb.png")
    dataset = load(tmp_path)
    assert dataset.channels == 1
    assert "all images grey: one channel" in dataset.notes


def test_one_coloured_image_makes_all_rgb(tmp_path):
    make(tmp_path, count=5, mode="L")
    save(picture(), tmp_path / "cat" / "colour.png")
    dataset = load(tmp_path)
    assert dataset.channels == 3
    greys = sum(bool((image == image[:1]).all()) for image in dataset.train.images)
    assert greys >= len(dataset.train) - 1


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparency_is_composited_over_white(tmp_path, mode):
    pixels = np.zeros((16, 16, len(mode)), np.uint8)
    pixels[..., 0], pixels[:8, :, -1] = 100, 255  # the upper half opaque, the lower transparent
    image = only_image(tmp_path, Image.fromarray(pixels)).train.images[0]
    assert image.shape[0] == (1 if mode == "LA" else 3)
    assert image[:, 0, 0].tolist() == ([100] if mode == "LA" else [100, 0, 0])
    assert image[:, -1, 0].tolist() == [255] * len(image)


def test_a_palette_with_a_transparent_colour(tmp_path):
    image = Image.new("P", (16, 16), 1)
    image.putpalette([10, 20, 30, 200, 100, 50])
    image.putpixel((0, 0), 0)
    found = only_image(tmp_path, image, transparency=0).train.images[0]
    assert found[:, 0, 0].tolist() == [255, 255, 255]
    assert found[:, 5, 5].tolist() == [200, 100, 50]


@pytest.mark.parametrize("name", ["x.png", "x.tif"])
def test_sixteen_bit_grey_is_scaled(tmp_path, name):
    values = np.tile(np.array([0, 257, 128 * 257, 65535], np.uint16), (4, 1))
    image = only_image(tmp_path, Image.fromarray(values), name, side=4).train.images[0]
    assert image[:, 0].tolist() == [[0, 1, 128, 255]]


def test_sixteen_bits_in_the_older_integer_mode():
    values = np.array([[0, 128, 129, 65535]], np.int32)  # how Pillow opens a 16-bit PGM
    assert np.asarray(to_eight_bits(Image.fromarray(values))).tolist() == [[0, 0, 1, 255]]
    with pytest.raises(ValueError, match="outside 0 to 65535"):
        to_eight_bits(Image.fromarray(values + 1))


@pytest.mark.parametrize("mode", ["1", "CMYK", "YCbCr", "HSV", "LAB", "RGBX", "P"])
def test_every_other_mode_becomes_eight_bit(mode):
    converted = to_eight_bits(Image.new("RGB", (4, 4), "white").convert(mode))
    assert converted.mode == ("L" if mode == "1" else "RGB")
    assert np.asarray(converted).min() >= 250


def test_exif_orientation_is_applied(tmp_path):
    pixels = np.zeros((16, 16, 3), np.uint8)
    pixels[:, :8] = (250, 0, 0)  # red at the left
    exif = Image.Exif()
    exif[0x0112] = 6  # shown turned clockwise: what is at the left comes to the top
    found = only_image(tmp_path, Image.fromarray(pixels), exif=exif).train.images[0]
    assert found[0, 2].tolist() == [250] * 16
    assert found[0, -2].tolist() == [0] * 16


def test_float_pixels_cannot_be_read(tmp_path):
    image = Image.fromarray(np.ones((8, 8), np.float32))
    found = only_image(tmp_path, image, "x.tif")
    assert found.skipped == ("x.tif",)
    assert "x.tif (floating-point pixels: 8 or 16 bits are needed)" in found.notes[0]


# Unreadable files


def test_a_few_unreadable_files_are_left_out_and_named(tmp_path):
    make(tmp_path, count=10)
    corrupt(tmp_path / "cat" / "a.png")
    truncate(tmp_path / "dog" / "b.png")
    truncate(tmp_path / "dog" / "c.jpg")
    dataset = load(tmp_path)
    assert dataset.skipped == ("cat/a.png", "dog/b.png", "dog/c.jpg")
    assert len(dataset.train) + len(dataset.test) == 20
    note = next(note for note in dataset.notes if "cannot be read" in note)
    assert note.startswith("3 of 23 image files cannot be read and are skipped: cat/a.png (")
    assert "\n" not in note and str(tmp_path) not in note


def test_labels_stay_with_their_images(tmp_path):
    for i, name in enumerate(("a", "b", "c")):
        for j in range(3):
            save(Image.new("L", (8, 8), 50 * i), tmp_path / "train" / name / f"{j}.png")
            save(Image.new("L", (8, 8), 50 * i), tmp_path / "test" / name / f"{j}.png")
    corrupt(tmp_path / "train" / "a" / "0.png")
    corrupt(tmp_path / "test" / "b" / "1.png")
    dataset = load(tmp_path)
    assert (len(dataset.train), len(dataset.test)) == (8, 8)
    for images in (dataset.train, dataset.test):
        assert torch.equal(images.images[:, 0, 4, 4].long(), 50 * images.labels)


def test_too_many_unreadable_files_are_an_error(tmp_path):
    make(tmp_path, count=10)
    for i in range(4):
        corrupt(tmp_path / "cat" / f"bad{i}.png")
    with pytest.raises(UserError) as e:
        load(tmp_path)
    message = str(e.value)
    assert message.startswith(f"{tmp_path}: 4 of 24 image files cannot be read: cat/bad0.png (")
    assert message.endswith(" and 1 more; repair or remove them")


def test_in_a_large_folder_three_per_cent_count(monkeypatch, tmp_path):
    files = tuple(f"{tmp_path}/{i}.png" for i in range(200))

    def read(file, fit, aim, bits, bad=6):
        if int(file.split("/")[-1][:-4]) < bad:
            raise OSError("broken")
        return np.zeros((1, 8, 8), np.uint8), Read()

    monkeypatch.setattr("dada.datasets.decode._read_one", read)
    samples = Samples(files, (0,) * 200)
    assert len(decode(tmp_path, samples, None, 8).skipped) == 6
    monkeypatch.setattr("dada.datasets.decode._read_one", lambda *a: read(*a, bad=7))
    with pytest.raises(UserError, match="7 of 200 image files cannot be read"):
        decode(tmp_path, samples, None, 8)


def test_what_pictures_lose_and_what_is_no_picture_is_said(tmp_path):
    path = make(tmp_path)
    folder = next(p for p in sorted(path.iterdir()) if p.is_dir())
    pixels = 64 * np.arange(1024, dtype=np.uint16).reshape(32, 32)
    Image.fromarray(pixels).save(folder / "deep.png")
    Image.new("RGBA", (32, 32)).save(folder / "clear.png")
    for name in ("a.heic", "b.HEIC", "c.txt", ".hidden"):
        (folder / name).write_bytes(b"")
    notes = load(path).notes
    assert "16-bit grey is scaled to 8 bits (1 of 14 files)" in notes
    assert "transparent pictures are composited over white (1 of 14 files)" in notes
    assert (
        "3 files skipped: not in a supported image format (.heic 2, .txt 1): convert .heic to JPEG "
        "or PNG to use them"
    ) in notes


def test_progress_is_told(tmp_path):
    calls = []
    load(make(tmp_path), progress=lambda done, total: calls.append((done, total)))
    assert calls == [(i, 12) for i in range(1, 13)]


# Errors


def broken_class(root):
    make(root, count=5)
    corrupt(root / "eel" / "0.png")


def unknown_test_class(root):
    make(root / "train")
    make(root / "test", classes=("cat", "eel"))


def broken_test(root):
    make(root / "train")
    corrupt(root / "test" / "cat" / "0.png")


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda root: None, "no images: must hold a folder of images for each class"),
        (lambda root: make(root, count=0), "no images: must hold a folder of images"),
        (lambda root: save(picture(), root / "0.png"), "images but no class folders: put the"),
        (lambda root: make(root, classes=("all",)), "one class only ('all'): at least two class"),
        (lambda root: make(root, classes=("all",)), "if they are inside it, give "),
        (
            lambda root: make(root, count=4),
            "no test images found, and holding out 20 % of the images as a test set needs at "
            "least 5 images of each class: 'cat' has 4, 'dog' has 4",
        ),
        (broken_class, "no file of class 'eel' can be read: repair the files, or remove"),
        (
            unknown_test_class,
            "test classes 'eel' are missing from the training classes ('cat', 'dog'",
        ),
        (broken_test, "none of the test images can be read"),
    ],
)
def test_what_is_no_image_folder(tmp_path, build, message):
    build(tmp_path)
    with pytest.raises(UserError, match=re.escape(message)) as e:
        load(tmp_path)
    assert "\n" not in str(e.value)

"""Folders of photographs as people have them, from end to end."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.cli.commands import COMPARE, SMALL, TRAIN, call, check_refused

CLASSES = ("a temple <b>& co", "цветок 花")


@pytest.fixture
def photographs(tmp_path, fill):
    """Two classes in all modes of pictures, one of which is cut off."""
    folder = tmp_path / "my photographs"
    fill(folder, CLASSES)
    first = folder / CLASSES[0]
    for number, mode in enumerate(["L", "LA", "RGBA", "P", "CMYK"]):
        picture = Image.open(first / f"{number}.png").convert(mode)
        (first / f"{number}.png").unlink()
        picture.save(first / f"{number}.{'jpg' if mode == 'CMYK' else 'png'}")
    grey = np.asarray(Image.open(first / "5.png").convert("L"))
    Image.fromarray(grey.astype(np.uint16) * 257).save(first / "5.png")
    assert Image.open(first / "5.png").mode == "I;16"
    (first / "6.png").write_bytes((first / "6.png").read_bytes()[:200])
    return folder


def test_from_a_folder_to_a_report(photographs, dada):
    result = dada(f"search 'my photographs' {SMALL} -o run")
    assert result.code == 0 and not result.err
    assert f"note: 1 of 30 image files cannot be read and are skipped: {CLASSES[0]}/6.png" in (
        result.out
    )
    assert "note: no test images found" in result.out and "colour" in result.out
    data = json.loads(Path("run/config.json").read_text())["data"]
    assert data["skipped"] == [f"{CLASSES[0]}/6.png"] and data["classes"] == list(CLASSES)
    assert data["train"] + data["test"] == 29
    words = f"compare 'my photographs' {TRAIN} --seeds 1 --policy run -o run/compare"
    assert dada(words).code == 0
    assert dada("report run").code == 0
    page = Path("run/report.html").read_text()
    assert "a temple &lt;b&gt;&amp; co" in page and "<b>&" not in page and "花" in page
    assert "6.png" in page
    assert dada("preview run 'my photographs' -o sheet.jpg").code == 0


def test_too_many_unreadable_files_are_named(dada, fill):
    fill(Path("photographs"))
    for number in range(4):
        Path(f"photographs/flower/{number}.png").write_bytes(b"no picture")
    result = dada(f"search photographs {SMALL} -o run")
    check_refused(result, "4 of 30 image files cannot be read: flower/0.png", "and 1 more")
    assert not Path("run").exists()


def test_grey_sixteen_bit_pictures_are_one_channel(dada):
    random = np.random.default_rng(0)
    for name in "ab":
        Path("xrays", name).mkdir(parents=True)
        for number in range(10):
            pixels = random.integers(0, 65536, (40, 32), dtype=np.uint16)
            Image.fromarray(pixels).save(f"xrays/{name}/{number}.png")
    result = dada(f"search xrays {SMALL} -o run")
    assert result.code == 0 and "all images grey: one channel" in result.out


def test_the_test_images_of_train_and_test_folders(dada, fill):
    fill(Path("split/train"))
    fill(Path("split/test"), count=2)
    result = dada(f"search split {SMALL} -o run --side 16")
    assert result.code == 0 and "note: test/ is the test set" in result.out
    assert "-o run/compare --side 16" in result.out, "the comparison needs the same images"
    data = json.loads(Path("run/config.json").read_text())["data"]
    assert (data["train"], data["test"], data["side"]) == (30, 4, [16, 16])


def test_arrays_with_and_without_test_images(dada):
    images = np.random.default_rng(0).integers(0, 256, (60, 8, 8, 3), dtype=np.uint8)
    labels = np.arange(60) % 2
    np.savez("whole.npz", x_train=images, y_train=labels)
    np.savez("parts.npz", x_train=images, y_train=labels, x_test=images[:4], y_test=labels[:4])
    for name, counts in (("whole", (48, 12)), ("parts", (60, 4))):
        result = dada(f"search {name}.npz {SMALL}")
        assert result.code == 0, result.err
        data = json.loads(Path(f"runs/{name}/config.json").read_text())["data"]
        assert (data["train"], data["test"]) == counts
    result = dada(COMPARE.replace("digits", "parts.npz"))
    assert result.code == 0 and Path("runs/parts-compare/report.html").exists()


def test_arrays_of_several_labels_an_image(dada):
    labels = np.random.default_rng(0).integers(0, 2, (80, 3)).astype(np.float32)
    bright = np.repeat(labels, 3, 1)[:, :, None].repeat(9, 2) * 150
    noise = np.random.default_rng(1).integers(0, 90, (80, 9, 9))
    np.savez("several.npz", x_train=(bright + noise).astype(np.uint8), y_train=labels)
    result = dada(f"search several.npz {TRAIN} --operations Rotate,Invert -o run")
    assert result.code == 0, result.err
    data = json.loads(Path("run/config.json").read_text())["data"]
    assert (data["train"], data["test"], data["classes"]) == (64, 16, ["0", "1", "2"])
    assert Path("run/report.html").exists()
    assert dada(f"compare several.npz {TRAIN} --seeds 1 --policy run -o compared").code == 0


def test_a_rare_class_does_not_stop_a_search(dada, fill):
    fill(Path("photographs"))
    fill(Path("photographs"), ["rare"], count=2)
    result = dada(f"search photographs {SMALL} -o run")
    assert result.code == 0, result.err
    assert "none from classes with fewer than 5 images: 'rare' has 2" in result.out
    assert Path("run/report.html").exists()


def test_names_that_are_no_unicode(dada, fill):
    folder = os.fsdecode(b"\xe9t\xe9")
    fill(Path(folder), (os.fsdecode(b"\xe9"), "b"))
    Path(folder, "b", os.fsdecode(b"\xe8.png")).write_bytes(b"no picture")
    result = dada(["search", folder, *SMALL.split(), "-o", folder + "-run"])
    assert result.code == 0, result.err
    assert dada(["search", folder, *SMALL.split(), "-o", folder + "-run", "--resume"]).code == 0
    data = json.loads(Path(folder + "-run", "config.json").read_text())["data"]
    assert data["name"] == folder and data["skipped"] == [os.fsdecode(b"b/\xe8.png")]
    assert dada(["policies", folder + "-run"]).code == 0


def test_the_folder_that_one_is_in(dada, fill, monkeypatch, capsys):
    fill(Path("photographs"))
    monkeypatch.chdir("photographs")
    result = call(f"search . {SMALL}", monkeypatch, capsys)
    check_refused(result, "runs/photographs is in the image folder .: choose a run folder outside")
    assert sorted(os.listdir()) == ["flower", "temple"]
    result = call(f"search . {SMALL} -o ../run", monkeypatch, capsys)
    assert result.code == 0 and "searching photographs:" in result.out

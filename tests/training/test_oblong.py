"""Images whose height and width differ, through every verb."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import dada
from dada.augment import Pipeline
from dada.augment.loader import test_batch as images_per_test
from dada.cli.main import main
from dada.searching.settings import make_settings as search_settings
from dada.training.settings import for_dataset, make_settings

SIZES = [(16, 48), (48, 16)]
TINY = "--model wrn-10-1 --epochs 2 --batch 20"


def stripes(path, height, width, count=60):
    """Which half is bright: the left or the right one, or, of portraits, the upper or lower."""
    labels = np.arange(count) % 2
    images = np.random.default_rng(0).integers(0, 90, (count, height, width), dtype=np.uint8)
    for image, label in zip(images, labels, strict=True):
        long = image if width > height else image.T
        half = long.shape[1] // 2
        long[:, half * label : half * (label + 1)] += 150
    np.savez(path, x_train=images, y_train=labels, x_test=images[:40], y_test=labels[:40])
    return str(path)


@pytest.fixture(params=SIZES, ids=["landscape", "portrait"])
def data(request, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return stripes(tmp_path / "stripes.npz", *request.param), request.param


def run(command, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["dada", *command.split()])
    with pytest.raises(SystemExit) as stop:
        main()
    out = capsys.readouterr()
    assert not stop.value.code, out.err
    return out.out


def test_a_training_and_its_evaluation_see_the_same_images(data, monkeypatch, capsys):
    source, (height, width) = data
    run(f"train --data {source} {TINY} -o out", monkeypatch, capsys)
    result = json.loads(Path("out/result.json").read_text())
    assert json.loads(Path("out/config.json").read_text())["data"]["side"] == [height, width]
    out = run("evaluate out --json errors.json", monkeypatch, capsys)
    found = json.loads(Path("errors.json").read_text())
    assert "note" not in out and found["notes"] == []
    for name in ("test_images", "test_error", "test_loss", "class_errors"):
        assert found[name] == result[name]
    again = f"train --data {source} {TINY} -o out --resume"
    assert f"{result['test_error']:.2%}" in run(again, monkeypatch, capsys)
    run(f"evaluate out --data {source} --side 16 --json small.json", monkeypatch, capsys)
    (note,) = json.loads(Path("small.json").read_text())["notes"][-1:]
    assert note == f"images of 16 × 16 pixels; the network was trained on {width} × {height}"


def test_a_random_resized_crop_keeps_the_images_size(data, monkeypatch, capsys):
    source, size = data
    command = f"train --data {source} {TINY} --set crop=resized -o out"
    run(command, monkeypatch, capsys)
    pipeline = Pipeline((0.5,), (0.2,), crop="resized", size=size)
    images = torch.zeros(5, 1, *size, dtype=torch.uint8)
    assert pipeline.crop_and_flip(images, torch.Generator().manual_seed(0)).shape == images.shape


def test_searches_comparisons_and_previews_take_them(data, monkeypatch, capsys):
    source, (height, width) = data
    search = f"search {source} --preset demo --images 16 --epochs 1 --operations Rotate,TranslateX"
    said = run(f"{search} -o run", monkeypatch, capsys)
    assert f"{width} × {height} pixels" in said
    compare = f"compare {source} --policy run --seeds 1 --images 20 {TINY} --epochs 1"
    run(f"{compare} -o run/compare", monkeypatch, capsys)
    rows = json.loads(Path("run/compare/comparison.json").read_text())["rows"]
    assert all(0 <= row["mean"] <= 1 for row in rows)
    run(f"preview run {source} -o sheet.png", monkeypatch, capsys)
    assert Image.open("sheet.png").width
    page = Path("run/report.html").read_text()
    assert re.search(rf"{width} × {height} pixels", page)


@pytest.mark.parametrize("size", [*SIZES, (48, 48)])
def test_what_is_derived_from_the_size_fits_the_shorter_side(size):
    part = dada.ImageSet(torch.zeros(20, 3, *size, dtype=torch.uint8), torch.arange(20) % 2)
    dataset = dada.Dataset("set", part, part, ("a", "b"))
    shorter = min(size)
    for chosen in (
        for_dataset(make_settings(), dataset, False),
        search_settings().resolve(dataset),
        search_settings("paper").resolve(dataset),
    ):
        assert chosen.padding == shorter // 8
        assert chosen.cutout in (0, shorter // 2)
    with pytest.raises(dada.UserError, match=f"below their side, {shorter} pixels"):
        for_dataset(make_settings(cutout=shorter), dataset, False)
    halved = search_settings(pixels=24).resolve(dataset)  # the longer side of what trials see
    assert halved.padding == shorter // 2 // 8


def test_a_test_batch_is_bounded_by_pixels():
    assert images_per_test(3, 32, 32) == images_per_test(1, 28, 28) == 512
    assert images_per_test(3, 64, 64) == 128
    assert images_per_test(3, 224, 224) == 2**19 // 224**2
    assert images_per_test(3, 100, 400) == images_per_test(3, 400, 100) == 2**19 // 40_000
    assert images_per_test(6, 224, 224) == 2**18 // 224**2
    assert images_per_test(3, 5000, 5000) == 1

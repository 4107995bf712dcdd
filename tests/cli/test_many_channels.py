"""Images of more channels than a picture has, from end to end."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.cli.commands import TRAIN


@pytest.fixture(params=[2, 5])
def arrays(request, dada):
    """Three classes, of which two have a bright channel."""
    channels, random = request.param, np.random.default_rng(0)
    images = random.integers(0, 120, (160, 9, 9, channels), dtype=np.uint8)
    labels = np.arange(160) % 3
    for label in (1, 2):
        images[labels == label, :, :, label - 1] += 100
    parts = {"x_train": images[:100], "y_train": labels[:100]}
    np.savez("satellite.npz", **parts, x_test=images[100:], y_test=labels[100:])
    return channels


def test_search_compare_train_evaluate_preview(arrays, dada):
    result = dada(f"search satellite.npz {TRAIN} -o run")
    assert result.code == 0, result.err
    kind = f"{arrays}-channel"
    assert f"9 × 9 pixels, {kind}; " in result.out and "91 sub-policies" in result.out
    assert f"note: Color left out of the search space: no change to {kind} images" in result.out
    settings = json.loads(Path("run/config.json").read_text())["settings"]
    assert len(settings["mean"]) == arrays and "Color" not in settings["operations"]

    # A policy of others may name Color, which leaves these images as they are.
    words = f"compare satellite.npz {TRAIN} --seeds 1 --policy run --policy dada-cifar10"
    compared = dada(f"{words} -o run/compare")
    assert compared.code == 0, compared.err
    rows = json.loads(Path("run/compare/comparison.json").read_text())["rows"]
    assert [row["name"] for row in rows][3:] == ["RandAugment", "TrivialAugment", "uniform policy"]

    # A search a step at a time always finds a policy whose pictures can be shown.
    steps = "--preset step --epochs 1 --images 60 --model wrn-10-1 --batch 30"
    assert dada(f"search satellite.npz {steps} -o stepped").code == 0
    page = Path("stepped/report.html").read_text()
    assert f"Of {arrays} channels the first" in page and f"9 × 9 pixels, {kind}" in page

    train = "train --data satellite.npz --policy stepped --model wrn-10-1 --epochs 2 --batch 32"
    assert dada(f"{train} -o trained").code == 0
    assert dada("evaluate trained").code == 0
    assert dada("preview stepped satellite.npz -o sheet.png --columns 3").code == 0
    assert Image.open("sheet.png").mode == "RGB"

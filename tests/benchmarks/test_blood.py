"""Boxes and masks of blood: the tables are the stored results, and masks are what they say."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dada.datasets import load
from examples import masks_of_boxes
from tests.datasets.annotated.formats import CLASSES, write_coco

DOCS = Path(__file__).parents[2] / "docs"
GALLERY = (DOCS / "guide" / "gallery.md").read_text().replace("**found policy**", "found policy")
TEXT = " ".join((DOCS / "results.md").read_text().split())


def in_a_row(row, key):
    cells = [row["name"], f"{100 * row['mean']:.2f} ± {100 * row['interval']:.2f}", ""]
    if (half := row["difference_interval"]) is not None:
        gap = row["difference"]
        cells[2] = f"{100 * gap:+.2f} ± {100 * half:.2f}".replace("-", "−")
        cells[2] = f"**{cells[2]}**" if abs(gap) > half else cells[2]
    return f"| {' | '.join(cells)} | {' | '.join(f'{100 * c:.1f}' for c in row[key])} |"


@pytest.mark.parametrize(("kind", "key"), [("boxes", "class_AP"), ("masks", "class_IoU")])
def test_the_tables_are_the_stored_results(kind, key):
    found = json.loads((DOCS / "measured" / f"blood-{kind}.json").read_text())
    compared = found["comparison"]
    assert f"`{compared['network']}`, 60 epochs" in TEXT
    assert compared["epochs"] == 60 and len(compared["seeds"]) == 3
    for row in compared["rows"]:
        assert " ".join(in_a_row(row, key).split()) in TEXT
        if kind == "boxes":
            assert "|".join(in_a_row(row, key).split("|")[:4]) in GALLERY
    minutes, seconds = divmod(round(sum(found["search"]["seconds"])), 60)
    assert f"The search took {minutes} min {seconds} s" in TEXT
    assert any(note.startswith("no augmentation") for note in found["search"]["notes"])


def test_masks_are_ellipses_in_their_boxes_and_the_smaller_is_on_top():
    """Half a pixel around each edge may be either."""
    large, small = [0.0, 0.0, 1.0, 1.0, 0.0], [0.5, 0.25, 0.75, 0.75, 1.0]
    absent = [0.0, 0.0, 0.0, 0.0, -1.0]
    mask = np.asarray(masks_of_boxes.mask_of([small, large, absent], (80, 60)))
    y, x = np.mgrid[:60, :80] + 0.5

    def inside(x0, y0, x1, y1, by):
        across, along = (x - 80 * (x0 + x1) / 2) / (40 * (x1 - x0) + by), 60 * (y0 + y1) / 2
        return across**2 + ((y - along) / (30 * (y1 - y0) + by)) ** 2 <= 1

    for value, box in ((2, small), (1, large)):
        core, rim = inside(*box[:4], by=-1), inside(*box[:4], by=1)
        assert (mask[core & (mask != 2 if value == 1 else core)] == value).all()
        assert not (mask[~rim] == value).any()
    assert set(np.unique(mask)) == {0, 1, 2}


def test_the_set_is_read_with_its_classes_and_parts(tmp_path, monkeypatch):
    write_coco(tmp_path / "boxes")
    words = ["masks_of_boxes", str(tmp_path / "boxes"), str(tmp_path / "masks")]
    monkeypatch.setattr(sys, "argv", words)
    masks_of_boxes.main()
    data = load(tmp_path / "masks")
    assert data.task.name == "segmentation" and data.classes == ("background", *CLASSES)
    assert (len(data.train), len(data.test)) == (3, 1)
    picture = tmp_path / "masks" / "images" / "train" / "a.png"
    original = next((tmp_path / "boxes").rglob("a.png"))
    assert Image.open(picture).tobytes() == Image.open(original).tobytes()


def test_the_transfer_is_the_stored_result():
    rows = json.loads((DOCS / "measured" / "transfer.json").read_text())["rows"]
    for row in rows.values():
        seeds = ", ".join(f"{value:.1f}" for value in row["mAP"])
        mean = f"{row['mean']['mean']:.2f} ± {row['mean']['interval']:.2f}"
        assert f"| {seeds} | {mean} |" in TEXT
        if (gap := row.get("less none")) is not None:
            words = f"{gap['mean']:+.2f} ± {gap['interval']:.2f} |".replace("-", "−")
            assert f"{mean} | {words}" in TEXT

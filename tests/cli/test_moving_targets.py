"""Every verb on pictures with boxes and with masks."""

import sys
from pathlib import Path

import numpy as np
import pytest

from tests.cli.commands import check_refused, contents
from tests.datasets.annotated import formats

SMALL = "--preset demo --epochs 1 --batch 4 --operations Rotate,Color"
TRAIN = "--epochs 1 --batch 4"
TASKS = {
    "detection": ("detector-16", "mAP"),
    "segmentation": ("segmenter-16", "mean IoU"),
    "instances": ("mask-detector-16", "mask mAP"),
}


@pytest.fixture(params=TASKS)
def given(request, monkeypatch, tmp_path):
    """The name of a task, and its pictures, in the folder "pictures"."""
    monkeypatch.chdir(tmp_path)
    names, random = "abcdefghijklmnop", np.random.default_rng(0)
    corners = zip(random.integers(0, 20, 16), random.integers(0, 14, 16), strict=True)
    scenes = {
        name: [(int(x), int(y), int(x) + 20, int(y) + 16, formats.CLASSES[n % 2])]
        for n, (name, (x, y)) in enumerate(zip(names, corners, strict=True))
    }
    monkeypatch.setattr(formats, "SCENES", scenes)
    monkeypatch.setattr(formats, "PARTS", {"train": names[:12], "test": names[12:]})
    write = {
        "detection": formats.write_coco,
        "segmentation": formats.write_masks,
        "instances": formats.write_outlines,
    }
    write[request.param](Path("pictures"))
    return request.param, "instances:pictures" if request.param == "instances" else "pictures"


def test_every_verb(given, dada):
    kind, data = given
    model, metric = TASKS[kind]
    result = dada(f"search {data} {SMALL} --model {model} -o run")
    assert result.code == 0 and not result.err, result
    assert "validation " in result.out
    assert dada(f"preview run {data} -o sheet.jpg").code == 0
    words = f"compare {data} {TRAIN} --model {model} --seeds 2 --policy run -o run/compare"
    result = dada(words)
    assert result.code == 0 and metric in result.out, result
    assert dada("report run").code == 0
    result = dada(f"train {data} {TRAIN} --model {model} --policy run -o trained")
    assert result.code == 0 and metric in result.out, result
    result = dada(f"evaluate trained {data}")
    assert result.code == 0 and metric in result.out, result


def test_pictures_that_stay_in_their_files_are_trained_on_and_tested(given, dada, monkeypatch):
    """Their labels stay packed until then, and the page shows those of the worst pictures."""
    kind, data = given
    monkeypatch.setattr(sys.modules["dada.datasets.load"], "_MEMORY", 1)
    model, metric = TASKS[kind]
    result = dada(f"train {data} {TRAIN} --model {model} --workers 1 -o trained")
    assert result.code == 0 and "read from their files" in result.out, result
    result = dada(f"evaluate trained {data} --page page.html")
    assert result.code == 0 and metric in result.out, result
    assert "data:image" in Path("page.html").read_text()


@pytest.mark.parametrize("verb", [f"search {SMALL}", f"train {TRAIN}", f"compare {TRAIN}"])
def test_a_network_of_another_task_leaves_nothing(verb, given, dada):
    kind, data = given
    fit = {TASKS[kind][0]} | ({"detector-16"} if kind == "instances" else set())
    words, flags = verb.split(" ", 1)
    before = contents(".")
    for model in {"mask-detector-16", "detector-16", "segmenter-16", "wrn-10-1"} - fit:
        result = dada(f"{words} {data} {flags} --model {model} -o run")
        learns = (kind, model) == ("detection", "mask-detector-16")
        check_refused(result, "learns masks of objects" if learns else f"network {model} gives")
        assert contents(".") == before

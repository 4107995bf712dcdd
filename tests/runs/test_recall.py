"""A run is resumed from nothing but its folder."""

import numpy as np
import pytest
from PIL import Image
from torch import nn

import dada
from dada.errors import UserError
from dada.runs import Callback, RunFolder, recall

FEW = {"images": 40, "batch": 20, "epochs": 2, "precision": "float32"}
JOBS = {
    "trials": ("search", {"operations": ("Rotate", "Invert"), "folds": 1, "seed": 3, **FEW}),
    "steps": ("search", {"preset": "paper", "model": "wrn-10-1", "bounds": {"Rotate": (-9, 9)}}),
    "policy": ("train", {"policy": "dada-svhn", "recipe": "demo", "seed": 5, "flip": True, **FEW}),
    "uniform": ("train", {"policy": "uniform", **FEW, "model": "wrn-10-1"}),
    "randaugment": ("train", {"policy": "randaugment", **FEW, "model": "wrn-10-1"}),
    "comparison": ("compare", {"policies": ["dada-svhn"], "seeds": 2, "model": "wrn-10-1", **FEW}),
}


class Stop(Callback):
    def on_record(self, record):
        raise KeyboardInterrupt


def stopped(kind, out, data, **given):
    with pytest.raises(KeyboardInterrupt):
        getattr(dada, kind)(data, out=out, callback=Stop(), **given)
    return out


@pytest.mark.parametrize("job", JOBS)
def test_a_stopped_run_is_resumed_from_its_folder(job, tmp_path):
    kind, given = JOBS[job]
    folder = stopped(kind, tmp_path / "run", "digits", **{**FEW, **given})
    before = RunFolder.open(folder)
    recalled = recall(folder)
    assert (recalled.path, recalled.kind) == (folder, kind)
    assert recalled.arguments["data"] == "digits"
    result = getattr(dada, kind)(**recalled.arguments, out=folder, resume=True)
    events = before.events
    assert events[-1]["event"] == "finish"
    if kind == "compare":
        assert len(result["seeds"]) == 2 and result["rows"][1]["name"] == "policy dada-svhn"
    else:
        whole = getattr(dada, kind)("digits", **{**FEW, **given})
        again = result.sub_policies if kind == "search" else result["test_loss"]
        assert again == (whole.sub_policies if kind == "search" else whole["test_loss"])


@pytest.fixture
def pictures(tmp_path):
    """An image folder; its images are 32 pixels wide unless it is said."""
    random = np.random.default_rng(0)
    for name in ("cats", "dogs"):
        (tmp_path / "pictures" / name).mkdir(parents=True)
        for number in range(30):
            pixels = random.integers(0, 256, (40, 36, 3), np.uint8)
            Image.fromarray(pixels).save(tmp_path / "pictures" / name / f"{number}.png")
    return tmp_path / "pictures"


@pytest.mark.parametrize("side", [None, 16])
@pytest.mark.parametrize("kind", ["search", "train"])
def test_a_folder_of_images_may_have_moved(kind, side, pictures, tmp_path):
    given = {"model": "wrn-10-1", "operations": ("Rotate", "Invert")} if kind == "search" else {}
    folder = stopped(kind, tmp_path / "run", pictures, side=side, **{**FEW, "images": 20, **given})
    there = pictures.rename(tmp_path / "elsewhere")
    with pytest.raises(UserError, match=r"run: its images are no longer at .*pictures: say where"):
        recall(folder)
    recalled = recall(folder, str(there))
    getattr(dada, kind)(**recalled.arguments, out=folder, resume=True)
    assert RunFolder.open(folder).events[-1]["event"] == "finish"


def test_what_came_from_python_is_resumed_there(digits, tmp_path):
    small = {**FEW, "model": "wrn-10-1"}
    folder = stopped("train", tmp_path / "data", digits, **small)
    with pytest.raises(UserError, match="images came from Python, as 'digits': resume it there"):
        recall(folder)
    own = {"model": nn.Sequential(nn.Flatten(), nn.Linear(64, 10)), "before": nn.Identity()}
    folder = stopped("train", tmp_path / "network", "digits", **{**FEW, **own})
    with pytest.raises(UserError, match=r"with a transform before .*, Identity and a network, Seq"):
        recall(folder)


def test_a_folder_without_a_run_and_one_of_another_kind(tmp_path):
    with pytest.raises(UserError, match="no run in"):
        recall(tmp_path)
    RunFolder.create(tmp_path / "other", {"kind": ["x"]})
    with pytest.raises(UserError, match="unknown kind"):
        recall(tmp_path / "other")


def test_a_comparison_that_does_not_say_how_many_seeds_it_has(tmp_path):
    config = {"kind": "compare", "settings": {"model": "resnet18"}, "data": {"source": "digits"}}
    run = RunFolder.create(tmp_path, config)
    assert recall(run.path).arguments["seeds"] == 3, "the usual number"
    for seed in (0, 4):
        run.add_event({"event": "training", "row": "x", "seed": seed})
    assert recall(run.path).arguments["seeds"] == 5

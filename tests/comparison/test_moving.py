"""Comparisons, trainings and tests of networks that answer for boxes and for pixels."""

import csv
import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from scipy import stats

import dada
from dada.comparison import compare
from dada.comparison.plan import smaller
from dada.errors import UserError
from dada.reporting import write_report
from dada.runs import Callback, RunFolder
from dada.training.augmentations import usual_cutout
from dada.training.onnx import export_onnx, shape_of_logits
from dada.training.settings import make_settings
from dada.training.trained import Trained
from tests import squares

KINDS = {
    "detection": (squares.of_boxes, "detector-4", "test_mAP", "class_AP"),
    "segmentation": (squares.of_masks, "segmenter-4", "test_mean_IoU", "class_IoU"),
}
INSTANCES = (squares.of_instances, "mask-detector-4", "test_mask_mAP", "class_AP")
SMALL = {"epochs": 1, "batch": 8, "precision": "float32", "device": "cpu"}


@pytest.fixture(scope="module", params=KINDS)
def compared(request, tmp_path_factory):
    """A comparison of three seeds, its folder, and the keys of its metric."""
    make, model, key, class_key = KINDS[request.param]
    folder = tmp_path_factory.mktemp(request.param) / "run"
    result = compare(
        make(), ["dada-svhn"], out=folder, model=model, seeds=3, stop_early=True, **SMALL
    )
    return result, folder, key, class_key


def test_rows_move_labels_and_records_hold_the_tasks_metric(compared):
    result, folder, key, class_key = compared
    names = [row["name"] for row in result["rows"]]
    cutout = usual_cutout((squares.SIDE, squares.SIDE))
    assert names == [
        "crop and flip",
        f"crop, flip and Cutout {cutout}",
        "policy dada-svhn",
        "TrivialAugment",
        "uniform policy",
    ]
    done = [event for event in RunFolder(folder).events if event["event"] == "training"]
    assert len(done) == 15
    for event in done:
        assert 0 <= event[key] <= 1
        assert "wrong" not in event and "test_error" not in event
        known = [value for value in event[class_key] if value is not None]
        assert np.mean(known) == pytest.approx(event[key], abs=1e-6)


def test_intervals_are_students_over_seeds(compared):
    result, *_ = compared
    assert result["intervals"] == "seeds"
    rows = {row["name"]: row for row in result["rows"]}
    found = rows["policy dada-svhn"]
    assert set(found["against"]) == set(rows) - {"policy dada-svhn"}
    for name, gap in found["against"].items():
        gaps = np.subtract(found["values"], rows[name]["values"])
        for level, half in ((0.95, gap["interval"]), (1 - 0.05 / 4, gap["simultaneous"])):
            low, high = stats.ttest_1samp(gaps, 0).confidence_interval(level)
            assert half == pytest.approx((high - low) / 2, abs=2e-5)
        assert gap["difference"] == pytest.approx(gaps.mean(), abs=2e-5)
        assert "discordant" not in gap


def test_the_page_names_the_metric_and_no_error(compared):
    result, folder, key, class_key = compared
    text = write_report(folder).read_text()
    metric = key.replace("_", " ")
    assert f"T{metric[1:]}" in text and "3 seeds alone" in text
    assert f"{class_key.removeprefix('class_')} by class" in text
    assert f"The highest mean {metric.split()[-1]} in the comparison" in text
    assert "test error" not in text.lower()
    assert "test error" not in result._repr_html_().lower()


@pytest.mark.parametrize("kind", [*KINDS, "instances"])
def test_a_training_keeps_its_best_epoch_and_is_tested(kind, tmp_path):
    make, model, key, class_key = KINDS.get(kind, INSTANCES)
    data, run = make(), tmp_path / "run"
    result = dada.train(
        data, "trivialaugment", out=run, model=model, **SMALL | {"epochs": 3}, test_every=1
    )
    epochs = [event for event in RunFolder(run).events if event["event"] == "epoch"]
    assert result["best"][key] == max(event[key] for event in epochs)
    assert (run / "best.pt").is_file()
    table = list(csv.DictReader((run / "metrics.csv").open()))
    assert [float(row[key]) for row in table] == [event[key] for event in epochs]
    assert "test_error" not in table[0]
    found = dada.evaluate(run, data, page=tmp_path / "page.html", device="cpu")
    assert found[key] == pytest.approx(result[key], abs=1e-6)
    assert found["test_loss"] == pytest.approx(result["test_loss"], rel=1e-5)
    assert [row["name"] for row in found["per_class"]] == list(data.classes)
    assert [row[class_key.removeprefix("class_")] for row in found["per_class"]] == found[class_key]
    losses = [image["loss"] for image in found["worst"]]
    assert losses == sorted(losses, reverse=True)
    assert np.mean(losses) == pytest.approx(found["test_loss"], rel=1e-5)  # all nine are listed
    text = (tmp_path / "page.html").read_text()
    assert text.count('<img src="data:image/') == 9 and "Calibration" not in text
    assert "Left the labels, right what the network found" in text
    assert ("with a score of at least 0.3" in text) == ("AP" in class_key)
    json.dumps(found)


def test_a_budget_says_what_it_cannot_know(tmp_path):
    said = []

    class Listen(Callback):
        def on_start(self, work):
            said.extend(work.dataset.notes)

    result = compare(
        squares.of_boxes(8, 5), budget="1s", callback=Listen(), model="detector-4", **SMALL
    )
    assert any(note.startswith("budget of 1 s: detector-4 on all 8 images") for note in said)
    assert any(note.startswith("mAP is no mean over test images") for note in said)
    assert not any("points" in note for note in said)
    assert result["intervals"] == "seeds"


def test_the_networks_of_a_smaller_comparison_are_the_tasks(tmp_path):
    bench = SimpleNamespace(
        settings=make_settings(model="detector-32"),
        dataset=SimpleNamespace(task=squares.of_boxes().task, side=(480, 640)),
        device=torch.device("cpu"),
    )
    assert list(smaller(bench, frozenset({"model", "pixels"}))) == [
        ("detector-32", 128),
        ("detector-16", 128),
    ]
    bench.dataset.side = (96, 128)
    assert list(smaller(bench, frozenset({"model", "pixels"}))) == [("detector-16", None)]


@pytest.mark.parametrize("kind", KINDS)
def test_torchvisions_randaugment_is_refused_by_name(kind):
    make, model, *_ = KINDS[kind]
    with pytest.raises(UserError, match="policy randaugment: does not move boxes and masks"):
        dada.train(make(), "randaugment", model=model, **SMALL)


def test_a_detector_is_not_written_as_onnx_and_a_segmenter_is(tmp_path):
    for kind, (make, model, *_) in KINDS.items():
        dada.train(make(), out=tmp_path / kind, model=model, **SMALL)
    with pytest.raises(UserError, match="a network for detection gives no plain logits"):
        export_onnx(tmp_path / "detection", tmp_path / "model.onnx")
    assert shape_of_logits(Trained.open(tmp_path / "segmentation")) == (3, 32, 32)


def test_classes_of_other_data_are_matched_by_name(tmp_path):
    """The same images under the same names, numbered the other way round."""
    data, run = squares.of_boxes(), tmp_path / "run"
    dada.train(data, out=run, model="detector-4", **SMALL)
    turned = squares.turned(data)
    found, same = (dada.evaluate(run, one, device="cpu") for one in (turned, data))
    assert turned.classes == ("green", "red")
    assert found["class_AP"] == same["class_AP"]
    assert found["per_class"] == same["per_class"]

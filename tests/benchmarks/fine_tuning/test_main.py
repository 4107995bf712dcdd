"""The command, on a few small pictures."""

import json
from argparse import Namespace
from dataclasses import replace

import numpy as np
import pytest
import torch

from benchmarks.fine_tuning import __main__ as command
from benchmarks.search_quality import trainings
from benchmarks.search_quality.policy import Place
from benchmarks.search_quality.rows import row_of
from benchmarks.search_quality.splits import Parts
from dada.datasets import ImageSet
from dada.models import create
from dada.policy import SearchSpace
from dada.searching.methods.dada.arms.probability import LABELS
from dada.searching.score import Score
from dada.training.augmentations import BASELINE, policy_method
from tests.benchmarks.fine_tuning.pictures import photographs


@pytest.fixture
def words(tmp_path):
    photographs(tmp_path / "pictures")
    weights = tmp_path / "weights.pth"
    torch.save(create("proxy-4", 5, 3).state_dict(), weights)
    return (
        f"--data {tmp_path}/pictures --weights {weights} --model proxy-4 --side 16 --per-class 4 "
        f"--seeds 2 --device cpu --jobs 1 --folder {tmp_path}/kept --json {tmp_path}/found.json"
    ).split()


def test_rows_searches_and_trainings_start_from_the_weights_and_are_kept(
    tmp_path, monkeypatch, words
):
    monkeypatch.setattr("dada.searching.work.write_page", lambda folder: None)
    rows = [
        "--rows",
        "none",
        "uniform",
        "tuned=preset=finetune,epochs=1,final_rounds=1",
        "--epochs",
        "1",
        "2",
    ]
    monkeypatch.setattr("sys.argv", ["fine_tuning", *words, *rows])
    command.main()
    found = json.loads((tmp_path / "found.json").read_text())
    [one] = found["sets"]
    assert [table["epochs"] for table in one["tables"]] == [1, 2] and found["average"] == []
    assert one["searches"]["tuned"][0]["views"] > 0
    assert all(np.shape(row["errors"]) == (2, 1) for row in one["tables"][0]["rows"].values())

    def never(*_):
        raise AssertionError("trained again")

    monkeypatch.setattr(trainings, "trained", never)
    command.main()
    assert json.loads((tmp_path / "found.json").read_text()) == found


def test_a_found_policy_that_changes_nothing_is_not_trained_again(tmp_path, monkeypatch, words):
    monkeypatch.setattr("dada.searching.work.write_page", lambda folder: None)
    monkeypatch.setattr("dada.searching.trials.Trials.trial", lambda *_, **__: Score(1, 0.1, 0.9))
    done, real = [], trainings.trained

    def counted(one, *others):
        done.append(one.name)
        return real(one, *others)

    monkeypatch.setattr(trainings, "trained", counted)
    rows = ["--rows", "tuned=preset=finetune,epochs=1,final_rounds=1", "none", "--epochs", "1"]
    monkeypatch.setattr("sys.argv", ["fine_tuning", *words, *rows])
    command.main()
    assert sorted(done) == ["1/0/none/0", "1/1/none/0"]
    [one] = json.loads((tmp_path / "found.json").read_text())["sets"]
    losses = one["searches"]["tuned"][0]["losses"]
    assert losses.keys() == {*LABELS, "uniform", "TrivialAugment"} and {*losses.values()} == {0.1}
    [table] = one["tables"]
    assert table["rows"]["tuned"]["less none"] == {"mean": 0.0, "interval": 0.0}


def test_rows_that_augment_alike_are_one_training():
    images = ImageSet(torch.zeros(2, 3, 4, 4, dtype=torch.uint8), torch.tensor([0, 1]))
    parts = Parts(
        searches=[], fresh=[images] * 2, judges=images, test=images, apart=True, unseen=[]
    )
    uniform, other = SearchSpace().uniform(), SearchSpace(length=1).uniform()
    found = [policy_method(replace(uniform, name="found")), policy_method(other)]
    methods = {"uniform": [policy_method(uniform)], "found": found, "none": [BASELINE]}
    options = Namespace(model="proxy-4", weights="file.pth")
    jobs = command.jobs_of(methods, parts, options, epochs=3)
    keys = {place: job.key for place, job in jobs.items()}
    assert len(keys) == 8 and len({*keys.values()}) == 6
    for seed in (0, 1):
        assert keys[Place("found", seed, 0)] == keys[Place("uniform", seed, 0)]


def test_a_search_by_fine_tuning_has_the_studys_network():
    row = command.tuned(row_of("finetune"), "resnet18", "file.pth")
    assert (row.settings["model"], row.settings["weights"]) == ("resnet18", "file.pth")
    assert command.tuned(row_of("default"), "resnet18", "file.pth") == row_of("default")


def test_what_is_wrong_is_said_in_a_line(monkeypatch, words, capsys):
    monkeypatch.setattr("sys.argv", ["fine_tuning", *words, "--per-class", "21"])
    with pytest.raises(SystemExit) as ended:
        command.main()
    assert ended.value.code == 2
    assert "dark has 20 training images" in capsys.readouterr().err

from __future__ import annotations

import pytest

from dada.errors import UserError
from dada.runs import RunFolder
from dada.tasks.metric import TEST_ERROR, Metric
from dada.training.page import charts, write_page
from tests.report.conftest import make_epoch, write_events, write_training
from tests.report.html import page_of


def test_a_training_says_what_was_trained_and_what_came_out(tmp_path):
    text = page_of(write_training(tmp_path / "run")).text
    assert "wrn-10-1 on 1,437 training images under no augmentation: 2 epochs in 3.0 s" in text
    assert "Test error 20.00 % after 2 epochs." in text
    assert "dada train --data digits --recipe demo --policy none --seed 0 -o again" in text
    assert "This training is not finished: 2 of 3 epochs" in text


def test_the_lowest_error_is_named_with_what_it_is_worth(tmp_path):
    run = write_training(tmp_path / "run")
    errors = {1: 0.1, 2: 0.3}
    tests = [make_epoch(n) | {"test_loss": 1.0, "test_error": e} for n, e in errors.items()]
    write_events(run / "events.jsonl", tests)
    text = page_of(run).text
    assert "Test error 30.00 % after 2 epochs. The lowest, 10.00 % in epoch 1, is chosen" in text


def test_before_the_first_test_there_is_nothing_to_report(tmp_path):
    run = write_training(tmp_path / "run")
    write_events(run / "events.jsonl", [make_epoch(1)])
    with pytest.raises(UserError, match="no epoch has been tested yet"):
        write_page(RunFolder(run))


def test_charts_are_of_the_epochs_that_were_tested():
    tested = [make_epoch(n) | {"test_loss": 0.5 / n, "test_error": 0.2 / n} for n in (2, 4)]
    losses, errors = charts(TEST_ERROR, tested)
    assert losses.x == errors.x == [2, 4]
    assert [series.y for series in losses.series] == [[1.0, 0.5], [0.25, 0.125]]
    assert errors.series[0].y == pytest.approx([10.0, 5.0])
    assert errors.series[0].label == "5.0\N{NO-BREAK SPACE}%"


def test_another_metric_is_asked_for_its_words_and_its_direction(tmp_path, monkeypatch):
    accuracy = Metric("accuracy", "test accuracy", lower_is_better=False)
    monkeypatch.setattr("dada.training.page.metric_recorded", lambda data: accuracy)
    run = write_training(tmp_path / "run")
    found = {1: 0.9, 2: 0.7}
    tests = [make_epoch(n) | {"test_loss": 1.0, "test_accuracy": v} for n, v in found.items()]
    write_events(run / "events.jsonl", tests)
    text = page_of(run).text
    assert "Test accuracy 70.00 % after 2 epochs. The highest, 90.00 % in epoch 1," in text
    assert (
        "picking the highest would be choosing on the test images" in text
        and "test accuracy, %" in text
    )

import pytest

from dada.tasks.metric import TEST_ERROR
from dada.training.evaluation_words import (
    calibration_in_brief,
    calibration_in_words,
    direction,
    worst_in_words,
)


def calibration(**given):
    found = {
        "confidence": 0.9,
        "accuracy": 0.7,
        "ece": 0.2,
        "ece_by_chance": 0.05,
        "temperature": 1.5,
        "scaled_loss": 0.4,
        "scaled_ece": 0.03,
        "bins": [{"answers": 60}, {"answers": 1000}],
    }
    return found | given


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "overconfident"),
        ({"accuracy": 0.99, "ece": 0.1}, "underconfident"),
        ({"accuracy": 0.9}, "too sure of some answers and not sure enough of others"),
        ({"ece": 0.04}, "calibrated, as far as 1,060 answers can tell"),
    ],
)
def test_directions(given, words):
    assert direction(calibration(**given)) == words
    assert f"{words}." in calibration_in_words(calibration(**given), 0.5)[0]
    assert words in calibration_in_brief(calibration(**given), 0.5)


def test_a_temperature_is_named_only_where_it_helps():
    helps, found = "temperature 1.50 gives loss 0.4000", calibration()
    assert helps in calibration_in_brief(found, 0.5)
    assert helps not in calibration_in_brief(found, 0.4)
    assert "Temperature scaling does not help" in calibration_in_words(found, 0.4)[2]
    none = calibration(temperature=None, scaled_loss=None, scaled_ece=None)
    assert len(calibration_in_words(none, 0.5)) == 2 and "temp" not in calibration_in_brief(none, 1)


def test_the_worst_classes_come_first_and_those_without_images_not_at_all():
    rows = [
        {"name": "cat", "images": 1, "recall": 1.0, "precision": 1.0, "taken_for": None},
        {"name": "horse", "images": 4, "recall": 0.5, "precision": 1.0, "taken_for": "cat"},
        {"name": "owl", "images": 0, "recall": None, "precision": None, "taken_for": None},
    ]
    for row in rows:
        row["times"] = 2
    found = {"class_errors": [0.0, 0.5, None], "per_class": rows}
    assert worst_in_words(found, TEST_ERROR, 5) == [
        "horse 50.0% of 4 images, 2 taken for cat",
        "cat   0.0% of 1 image",
    ]
    labels = [{"name": "red", "images": 3, "recall": 0.25, "precision": None}]
    assert worst_in_words({"class_errors": [0.1], "per_class": labels}, TEST_ERROR, 5) == [
        "red 10.0%, recall 25.0%"
    ]

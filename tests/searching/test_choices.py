import pytest
import torch

from dada.searching.choices import choices, left_out, unseen_classes
from dada.searching.settings import make_settings

CPU = torch.device("cpu")


def test_what_was_left_open_is_explained(digits):
    asked = make_settings("step", images=None)
    notes = choices(asked, asked.resolve(digits), digits, CPU)
    assert notes == (
        "Color left out of the search space: no change to grey images",
        "network wrn-10-2, for images of 8 × 8 pixels on a CPU; model= changes it",
    )


def test_the_network_of_trials_is_explained(digits):
    asked = make_settings(images=500)
    notes = choices(asked, asked.resolve(digits), digits, CPU)
    assert notes[1] == "trials of proxy-32, a small network that learns fast; model= tries another"


@pytest.mark.parametrize("fast", [torch.bfloat16, torch.float32])
def test_a_precision_that_finite_differences_cost_is_mentioned(digits, monkeypatch, fast):
    monkeypatch.setattr(
        "dada.searching.methods.dada.one_step.method.best_precision", lambda device: fast
    )
    asked = make_settings("paper", images=100, operations=("Rotate", "Invert"))
    notes = choices(asked, asked.resolve(digits), digits, CPU)
    slower = (
        "float32: bfloat16, faster here, rounds finite differences away; "
        "hypergradient='exact' does without them"
    )
    assert notes == ((slower,) if fast == torch.bfloat16 else ())
    asked = make_settings("paper", images=100, operations=("Rotate", "Invert"), precision="float32")
    assert choices(asked, asked.resolve(digits), digits, CPU) == ()


def test_what_was_asked_for_is_not(digits):
    asked = make_settings(model="wrn-10-1", images=100, operations=("Rotate", "Invert"))
    assert choices(asked, asked.resolve(digits), digits, CPU) == ()


def test_unused_images_are_mentioned(digits, monkeypatch):
    monkeypatch.setitem(__import__("dada.datasets").datasets.PAPER_REDUCED, "digits", 400)
    asked = make_settings("step", model="wrn-10-1", operations=("Rotate", "Invert"))
    (note,) = choices(asked, asked.resolve(digits), digits, CPU)
    assert note == "at most 400 of 1,437 training images are used; images= changes it"


def test_operations_are_left_out_by_name():
    assert left_out(("Rotate", "Color"), 3) == ()
    (note,) = left_out(("Rotate", "Color"), 5)
    assert note == "Color left out of the search space: no change to 5-channel images"


def test_classes_that_are_not_searched_on_are_named(digits):
    assert unseen_classes(digits.train.labels, digits) == ()
    some = digits.train.labels[(digits.train.labels != 3) & (digits.train.labels != 8)]
    (note,) = unseen_classes(some, digits)
    assert note == "too few images to search on class '3', '8'; images= takes more"

"""What a preset sets, and what the task of the data adds to it."""

import pytest

from dada.comparison.request import left_open
from dada.datasets import load
from dada.training.settings import for_dataset, make_settings
from tests import squares

NETWORKS = {"boxes": "detector-16", "masks": "segmenter-16", "instances": "mask-detector-16"}


@pytest.mark.parametrize("kind", NETWORKS)
def test_the_preset_demo_has_a_small_network_of_each_task(kind):
    data = getattr(squares, f"of_{kind}")(20)
    found = for_dataset(make_settings("demo"), data, accelerated=False)
    assert (found.model, found.batch, found.lr) == (NETWORKS[kind], 16, 0.05)
    asked = make_settings("demo", model="another", batch=4)
    found = for_dataset(asked, data, accelerated=False)
    assert (found.model, found.batch) == ("another", 4)


def test_the_preset_demo_of_labels_is_what_it_was():
    found = for_dataset(make_settings("demo"), load("digits"), accelerated=False)
    known = ("wrn-10-1", 64, 0.1, 60, 200)
    assert (found.model, found.batch, found.lr, found.epochs, found.images) == known


def test_a_comparison_chooses_no_other_size_than_a_preset_that_was_asked_for():
    assert not left_open(make_settings("demo"), ())
    assert left_open(make_settings(), {"images"}) == {"model", "epochs"}

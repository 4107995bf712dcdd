"""The rehearsal, against the trainings that it foretells."""

import time

import pytest
import torch

from dada.comparison.bench import Bench
from dada.comparison.methods import by_interest, methods_for, named
from dada.comparison.pace import rehearse
from dada.compute.distributed import ALONE
from dada.policy import Policy
from dada.training.hooks import UserHooks
from dada.training.settings import make_settings


def bench_of(dataset, **settings):
    asked = make_settings(precision="float32", **settings)
    return Bench(dataset, asked, torch.device("cpu"), UserHooks())


def test_a_rehearsal_foretells_a_training(digits):
    """Within a factor of two and a half: the machine may be busy with something else."""
    bench = bench_of(digits, model="wrn-10-1", images=400, epochs=6, batch=100)
    methods = by_interest(methods_for(named(["dada-svhn"]), bench))
    pace = rehearse(bench, methods, 10, ALONE)
    assert list(pace.augment) == [method.name for method in methods] and pace.workers == 1
    assert pace.augment["TrivialAugment"] > 3 * pace.augment["crop"], "image by image"
    foretold = took = 0.0
    for method in (methods[0], methods[3]):
        foretold += pace.training(method.name, 2400, len(digits.test))
        began = time.perf_counter()
        bench.train(method, 0, lambda: None)
        took += time.perf_counter() - began
    assert 0.4 < took / foretold < 2.5


def test_a_row_that_changes_no_image_is_not_foretold(digits):
    bench = bench_of(digits, model="wrn-10-1", images=60, epochs=1, batch=20)
    methods = methods_for({"found": Policy.none()}, bench)
    assert rehearse(bench, methods, 10, ALONE).copied == ["found"]


def test_a_rehearsal_leaves_the_trainings_as_they_are(digits):
    bench = bench_of(digits, model="wrn-10-1", images=60, epochs=1, batch=20)
    methods = methods_for({}, bench)
    first = bench.train(methods[0], 0, lambda: None)
    rehearse(bench, methods, 4, ALONE)
    assert bench.train(methods[0], 0, lambda: None)["wrong"] == first["wrong"]


@pytest.mark.parametrize("threads", [1, 2])
def test_as_many_rehearse_at_once_as_will_train(digits, threads):
    torch.set_num_threads(threads)
    try:
        bench = bench_of(digits, model="wrn-10-1", images=60, epochs=1, batch=20)
        pace = rehearse(bench, methods_for({}, bench), 4, ALONE)
        assert pace.workers == threads and pace.image > 0
        assert rehearse(bench, methods_for({}, bench), 1, ALONE).workers == 1
    finally:
        torch.set_num_threads(1)

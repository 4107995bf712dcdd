"""What benchmarks measure is the search itself."""

import pytest
import torch

from benchmarks._noise import noise
from benchmarks._searches import begin, begin_steps, frozen_child, step_of, trial_round, watch

SMALL = {"model": "wrn-10-1", "images": 40, "batch": 8, "epochs": 1}
PARTS = {
    "train and validation gradients",
    "network update",
    "rewards",
    "policy gradient",
    "policy update",
}


@pytest.mark.parametrize("hypergradient", ["exact", "traced"])
def test_to_watch_a_search_does_not_change_it(hypergradient):
    given = {**SMALL, "preset": "step", "hypergradient": hypergradient}
    plain, watched = begin_steps(noise(40, 12), **given), begin_steps(noise(40, 12), **given)
    assert (plain.step.trace is not None) == (hypergradient == "traced")
    seconds = watch(watched)
    records = [{**search.advance(), "seconds": 0} for search in (plain, watched)]
    assert records[0] == records[1]
    assert set(seconds) == PARTS and min(seconds.values()) > 0


def test_a_search_by_trials_has_no_steps():
    search = begin(noise(100, 12), model="wrn-10-1")
    assert watch(search) == {}
    with pytest.raises(ValueError, match="not settings with a horizon of 0"):
        begin_steps(noise(100, 12), model="wrn-10-1")


def test_a_step_is_of_a_whole_batch():
    search = begin_steps(noise(40, 12), **SMALL, preset="step")
    before = search.distribution.selection.clone()
    losses = step_of(search)()
    assert losses.shape == (3,) and losses.isfinite().all()
    assert not torch.equal(before, search.distribution.selection)


def test_a_frozen_child_is_trained_and_its_policy_uniform(capsys):
    frozen = frozen_child(noise(40, 12), "wrn-10-1", 1)
    weights = frozen.distribution.weights()
    assert weights.sum() == pytest.approx(1) and weights.std() < 1e-9
    assert "noise, wrn-10-1 after 1 epoch:" in capsys.readouterr().out


def test_a_round_has_a_trial_of_each_operation():
    trials, epochs = trial_round(noise(100, 12), torch.device("cpu"), 2), []
    assert trials.count == 15
    verdict = trials.trial(14, lambda: epochs.append(1))
    assert 0 <= verdict.accuracy <= 1 and len(epochs) == 2
    assert trials.load["pixels"] % 144 == 0 and trials.load["parameters"] > 0

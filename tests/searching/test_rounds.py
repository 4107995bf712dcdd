"""What all searches by rounds of trials have in common; the default method stands for them."""

import pytest
import torch

import dada
from dada.errors import DivergedError, UserError
from dada.runs import Callback
from dada.searching.score import Score
from dada.searching.trials import Trials
from tests.searching.trials import ARMS, begin, finished, with_losses


def test_a_loss_that_is_no_number_stops(digits, monkeypatch):
    monkeypatch.setattr(Trials, "trial", lambda *_, **__: Score(1.0, float("nan"), 0.1))
    with pytest.raises(DivergedError, match="round 1"):
        begin(digits).advance()


def test_a_state_of_another_search_is_refused(digits):
    state = {"epoch": 1, "losses": [[1.0, 2.0]], "plan": [2] * 4, "stream": 2}
    with pytest.raises(ValueError, match="other rounds"):
        begin(digits).load_state_dict(state)


class Half:
    """One of two processes, as far as a search can tell; the other's part is added by hand."""

    size = 2

    def __init__(self, rank):
        self.rank, self.first = rank, rank == 0

    def shard(self, batch):
        return batch.tensor_split(2)[self.rank]

    def sum(self, tensor, device=None):
        self.found = tensor
        return tensor.clamp_min(1)  # what the other has not given yet must not be log(0)


def test_processes_share_the_trials_and_the_sum_is_what_one_finds(digits):
    alone = begin(digits)
    record = alone.advance()
    halves = [Half(0), Half(1)]
    steps = []
    for half in halves:
        search = begin(digits, processes=half)
        steps.append(search.steps[0])
        search.advance()
    together = (halves[0].found + halves[1].found).tolist()
    assert together == [list(v.values()) for v in record["trials"].values()]
    assert sum(steps) == alone.steps[0] == 4 * 2


def test_as_many_trials_at_once_as_there_are_threads_change_nothing(digits, tmp_path):
    told = []

    class Count(Callback):
        steps = 0

        def on_progress(self):
            self.steps += 1

        def on_record(self, record):
            told.append(self.steps)

    alone = dada.search(digits, **ARMS)
    torch.set_num_threads(2)
    try:
        together = dada.search(digits, out=tmp_path / "run", callback=Count(), **ARMS)
    finally:
        torch.set_num_threads(1)
    assert together.sub_policies == alone.sub_policies
    assert told == [ARMS["epochs"] * trials for trials in (4, 8, 13, 18)]


def test_the_steps_of_the_bar_are_the_epochs_that_are_trained(digits):
    search, told = begin(digits), []
    for planned in search.steps:
        told.clear()
        record = search.advance(lambda: told.append(1))
        assert len(told) == planned == record["steps"]


def test_short_trials_are_said_to_be(digits):
    assert begin(digits, epochs=25).cautions() == ()
    (caution,) = begin(digits, epochs=24).cautions()
    assert caution.startswith("trials of 24 epochs are short")


@pytest.mark.parametrize(
    ("method", "plan", "words"),
    [
        ("random", (3, 1), ", 1 to 3 epochs each,"),
        ("randaugment", (3, 3), ", 3 epochs each,"),
        ("dada", (1, 1, 1, 1), ", 1 epoch each,"),
    ],
)
def test_the_page_says_how_long_trainings_were_whatever_was_asked_for(
    digits, monkeypatch, method, plan, words
):
    """Settings that repeat a search under a budget have its plan, which is not its epochs."""
    with_losses(monkeypatch, lambda policy: 1.0)
    search = begin(digits, method=method, plan=plan, **(ARMS if method == "dada" else {}))
    records = finished(search)
    said = search.summary(search.settings.model_dump(), {"parameters": 7}, records)
    assert search.settings.epochs == 2 and words in said


def test_a_state_of_an_older_release_is_refused_with_the_way_out(digits):
    """Its trials drew other random numbers: rounds of both would be no search."""
    state = {"epoch": 1, "losses": [[1.0] * 4], "plan": [2] * 4}
    with pytest.raises(UserError, match="finish the search with that release"):
        begin(digits).load_state_dict(state)

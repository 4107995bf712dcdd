"""PBA as a search: its trainings are real, and its decisions those of a stand-in for Ray."""

import sys

import pytest
import torch

from dada.errors import DivergedError, UserError
from dada.searching.methods.pba.history import ancestry, schedule_of
from dada.searching.methods.pba.population import Population
from dada.searching.methods.pba.settings import rounds_of
from dada.searching.score import NOTHING_LEARNED, Score
from dada.searching.settings import make_settings
from tests.searching.trials import begin, finished

PBA = {"method": "pba", "trials": 4, "epochs": 5, "interval": 2}


def equal(a, b):
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def test_the_schedule_replays_to_the_weights_of_its_trial(digits, without_ray):
    """Bitwise: one training without a break, under what the search found for each trial."""
    search = begin(digits, **PBA)
    finished(search)
    last, copies = search.history[-1], 0
    for trial in range(4):
        first = ancestry(search.history, trial)[0]
        best = last._replace(accuracies=[float(n == trial) for n in range(4)])
        found = schedule_of([*search.history[:-1], best], search.problem.space, "", {})
        training = search.population.begin(found, search.fold, search.seeds[first], epochs=5)
        for _ in range(5):
            training.run_epoch()
        state = search.states[trial]
        assert equal(training.child.model.state_dict(), state["model"])
        copies += first != trial and not found.is_none
    assert copies, "a trial that was copied, and explored"
    assert not equal(search.states[0]["model"], search.states[1]["model"])


def test_as_many_trials_at_once_as_there_are_threads_change_nothing(digits, without_ray):
    alone, together = begin(digits, **PBA), begin(digits, **PBA)
    finished(alone)
    torch.set_num_threads(2)
    try:
        assert together.words().endswith("5 epochs each, 2 at once")
        finished(together)
    finally:
        torch.set_num_threads(1)
    assert together.history == alone.history
    for one, other in zip(together.states, alone.states, strict=True):
        assert equal(one["model"], other["model"])


class Part:
    """One of several processes, whose part and the others' come together by hand."""

    def __init__(self, rank, size, others):
        self.rank, self.size, self.others, self.first = rank, size, others, rank == 0

    def shard(self, batch):
        return batch.tensor_split(self.size)[self.rank]

    def all_gather(self, part):
        self.part = dict(part)
        return [part, self.others]


def test_processes_share_the_trials_and_find_what_one_does(digits, without_ray):
    whole = Part(0, 1, {})
    alone = begin(digits, processes=whole, **PBA)
    alone.advance()
    halves = [Part(rank, 2, whole.part) for rank in range(2)]
    searches = [begin(digits, processes=half, **PBA) for half in halves]
    for search in searches:
        search.advance()
        assert search.history == alone.history
    assert [sorted(half.part) for half in halves] == [[0, 1], [2, 3]]
    assert {**halves[0].part, **halves[1].part} == whole.part
    assert [search.steps[0] for search in searches] == [4, 4] and alone.steps == [8, 8, 4]


def test_a_budget_changes_the_rest_and_its_plan_repeats_it(digits, without_ray):
    search = begin(digits, **{**PBA, "epochs": 8})
    search.advance()
    assert search.remaining() == 3
    search.replan(0.5, most=8)
    assert (
        search.plan == [8, 5, 5]
        and search.plan_in_words() == "the trials have 5 epochs each in all"
    )
    finished_rest = [search.advance() for _ in range(search.length - 1)]
    assert [record["population"]["epochs"] for record in finished_rest] == [2, 1]
    again = begin(digits, **{**PBA, "epochs": 8, **search.changed_plan})
    finished(again)
    assert again.history == search.history
    search.replan(9, most=8)
    assert search.plan == [8, 5, 5], "it is over"


def test_a_budget_may_end_the_search(digits, without_ray):
    search = begin(digits, **PBA)
    search.advance()
    search.replan(0.0, most=5)
    assert (search.length, search.iteration, search.epochs) == (1, 1, 2)
    assert begin(digits, **PBA, **search.changed_plan).length == 1


def test_what_it_costs_is_in_the_unit_of_whole_trainings(digits, without_ray):
    search = begin(digits, **PBA)
    cost = search.cost()
    assert (cost.trainings, cost.shared) == (4, True) and cost.epoch > 0 == cost.start


def test_nothing_learned_is_no_augmentation(digits, without_ray):
    search = begin(digits, **PBA, lr=1e-6)
    assert search.policy("found", {}).is_none, "nothing is known yet"
    record = search.advance()
    assert search.policy("found", {}).is_none and record["findings"]["notes"] == [NOTHING_LEARNED]


def test_a_loss_that_is_no_number_stops(digits, without_ray, monkeypatch):
    monkeypatch.setattr(
        Population, "_judged", lambda *_: Score(1.0, float("nan"), 0.1)[1:], raising=True
    )
    with pytest.raises(DivergedError, match="round 1"):
        begin(digits, **PBA).advance()


def test_a_state_of_another_population_is_refused(digits, without_ray):
    state = begin(digits, **PBA).state_dict()
    with pytest.raises(ValueError, match="another population"):
        begin(digits, **{**PBA, "trials": 3}).load_state_dict(state)


def test_trials_begin_without_a_policy_and_each_with_its_own_weights(digits, without_ray):
    search = begin(digits, **PBA)
    search.advance()
    assert search.history[0].values == [[0] * 12] * 4, "3 operations, twice, of two values"
    assert len(set(search.history[0].losses)) == 4


def test_without_ray_one_line_says_how_to_install_it(digits, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray.tune", None)
    with pytest.raises(
        UserError, match=r"^method pba needs ray.tune: pip install 'dada-augment\[ray\]'$"
    ):
        begin(digits, **PBA)


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"trials": 1}, "trials: .*greater than or equal to 2"),
        ({"interval": 0}, "interval: .*greater than or equal to 1"),
        ({"plan": (9, 9, 6)}, "plan: its 6 epochs are over before round 3"),
        ({"operations": ()}, "search space"),
    ],
)
def test_what_cannot_be_is_refused_in_a_line_before_anything_is_loaded(wrong, reason):
    with pytest.raises(UserError, match=reason) as caught:
        make_settings(method="pba", **wrong)
    assert "\n" not in str(caught.value)


def test_more_operations_than_a_policy_may_list_are_refused(monkeypatch):
    monkeypatch.setattr("dada.searching.methods.pba.settings.MOST_LISTED", 5)
    with pytest.raises(UserError, match="3 operations; method pba takes 2 at most"):
        make_settings(method="pba", operations=("Rotate", "Invert", "Brightness"))


def test_the_usual_sizes_are_the_papers_but_for_images_and_epochs(digits):
    settings = make_settings(method="pba").resolve(digits)
    assert (settings.trials, settings.interval) == (16, 3)
    assert (settings.images, settings.epochs) == (1000, 100)
    assert rounds_of(100, 3) == 34 == settings.rounds_in_all

"""Which trial descends from which, and under which policies."""

from dada.policy import OperationList, Scale, SearchSpace
from dada.searching.methods.pba.history import Round, ancestry, policy_of, schedule_of

SPACE = SearchSpace(("Rotate", "Invert"), 1, Scale("strength"))
NONE, FIRST, SECOND = [0] * 8, [3, 9, 0, 0, 0, 0, 10, 0], [2, 7, 0, 0, 0, 0, 9, 0]


def round_of(sources, values, accuracies, losses=None, epochs=3):
    return Round(epochs, sources, values, losses or [1.0] * len(sources), accuracies)


HISTORY = [
    round_of([0, 1, 2], [NONE] * 3, [0.1, 0.3, 0.2]),
    round_of([1, 1, 2], [FIRST, NONE, NONE], [0.5, 0.4, 0.3]),
    round_of([0, 1, 0], [FIRST, NONE, SECOND], [0.6, 0.5, 0.7], epochs=2),
]


def test_the_ancestors_of_each_trial():
    assert [ancestry(HISTORY, trial) for trial in range(3)] == [[1, 0, 0], [1, 1, 1], [1, 0, 2]]
    assert ancestry(HISTORY[:1], 2) == [2]


def test_the_schedule_has_what_the_best_trial_was_trained_under():
    schedule = schedule_of(HISTORY, SPACE, "found", {"seed": 1})
    stages = [(stage.epochs, stage.policy) for stage in schedule.stages]
    assert stages == [
        (3, policy_of(NONE, SPACE)),
        (3, policy_of(FIRST, SPACE)),
        (2, policy_of(SECOND, SPACE)),
    ]
    assert (schedule.name, schedule.provenance["seed"]) == ("found", 1)


def test_rounds_under_one_policy_are_one_stage():
    better = HISTORY[-1]._replace(accuracies=[0.8, 0.5, 0.7])
    schedule = schedule_of([*HISTORY[:-1], better], SPACE, "found", {})
    assert [stage.epochs for stage in schedule.stages] == [3, 5]


def test_of_equally_accurate_trials_the_one_with_the_lowest_loss_is_best():
    assert round_of([0, 1, 2], [NONE] * 3, [0.5, 0.5, 0.4], [0.3, 0.2, 0.1]).best == 1


def test_a_policy_is_applied_as_pba_does():
    policy = policy_of(FIRST, SPACE)
    assert isinstance(policy, OperationList) and policy.counts == (0.2, 0.3, 0.5)
    assert policy.scale == SPACE.scale
    assert [o.probability for o in policy.operations] == [0.3, 0.0, 0.0, 1.0]

"""Work as it is sent to another machine: what goes with it, and what comes back."""

import pickle
import threading

import pytest
import torch

from dada.compute.parallel import Failure
from dada.errors import DivergedError, UserError
from dada.ops import get, register, registry
from dada.searching.engines.piece import Ticks, packed, perform

cloudpickle = pytest.importorskip("cloudpickle")


def sent(work, number=0, tell=lambda ticks: None):
    return perform(packed(work, cloudpickle.dumps), number, tell)


def test_the_result_and_the_number_of_ticks_come_back():
    def work(number, tick):
        for _ in range(number):
            tick()
        return number, torch.get_num_threads()

    assert sent(work, 3) == ((3, 1), 3)


def test_ticks_are_told_in_time_and_not_one_by_one(monkeypatch):
    told, times = [], iter([0.0, 0.05, 0.12, 0.12, 0.15, 0.3, 0.3])
    monkeypatch.setattr("dada.searching.engines.piece.time.monotonic", lambda: next(times))

    def work(number, tick):
        for _ in range(4):
            tick()

    shared = pickle.dumps(packed(work, cloudpickle.dumps))
    assert perform(pickle.loads(shared), 0, told.append) == (None, 4)
    assert told == [2, 4]


@pytest.mark.parametrize("error", [UserError("too few"), DivergedError("nan"), KeyError("a")])
def test_an_exception_of_the_work_arrives_as_itself(error):
    def work(number, tick):
        tick()
        raise error

    failure, ticks = sent(work)
    assert isinstance(failure, Failure) and ticks == 1
    with pytest.raises(type(error)) as raised:
        failure.again()
    assert raised.value.args == error.args


def test_what_cannot_be_pickled_is_one_line():
    lock = threading.Lock()
    with pytest.raises(UserError, match=r"must be possible to pickle it \(.*lock") as raised:
        packed(lambda number, tick: lock, cloudpickle.dumps)
    assert "\n" not in str(raised.value)


def test_operations_of_ones_own_go_with_the_work(monkeypatch):
    known = dict(registry._operations)
    monkeypatch.setattr(registry, "_operations", dict(known))

    @register("Fade")
    def fade(images, values):
        return images // 2

    assert list(registry.own()) == ["Fade"]
    shared = packed(lambda number, tick: get("Fade").kernel(torch.tensor([8]), None), _by_value)
    registry._operations.clear()
    registry._operations.update(known)  # as another process has them
    result, _ = perform(shared, 0, lambda ticks: None)
    assert result.tolist() == [4] and not registry.own().keys() - {"Fade"}


def _by_value(thing):
    return cloudpickle.dumps(thing)


def test_other_versions_are_refused_before_anything_is_unpacked(monkeypatch):
    shared = packed(lambda number, tick: number, cloudpickle.dumps)
    monkeypatch.setattr("dada.searching.engines.piece.__version__", "0.1")
    failure, _ = perform(shared, 0, lambda ticks: None)
    with pytest.raises(UserError, match=r"^a node of the cluster has dada-augment 0\.1, torch "):
        failure.again()


class Absent:
    def __reduce__(self):
        return __import__, ("no_such_module",)


def test_a_module_that_a_node_lacks_is_named():
    absent = Absent()
    failure, _ = sent(lambda number, tick: absent)
    with pytest.raises(UserError, match=r"cannot import 'no_such_module': install there"):
        failure.again()


def test_no_tick_counts_twice():
    passed = []
    ticks = Ticks(lambda: passed.append(1))
    counts = []
    for number, reached in ((0, 2), (1, 1), (0, 1), (0, 2), (0, 3), (1, 1)):  # 0 begins again
        ticks.reached(number, reached)
        counts.append(len(passed))
    assert counts == [2, 3, 3, 3, 4, 4]

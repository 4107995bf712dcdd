"""What a search finds does not depend on the engine: an engine that keeps its promises in another
way gives the same policy, whichever the method."""

import pickle
from dataclasses import replace

import pytest
import torch

import dada
from dada.compute.distributed import Processes
from dada.errors import UserError
from dada.runs import RunFolder
from dada.searching.engines import LOCAL, Engine
from dada.searching.engines.piece import Ticks, packed, perform
from tests.searching.trials import ARMS, FEW, begin

cloudpickle = pytest.importorskip("cloudpickle")
CPU = torch.device("cpu")


class Elsewhere(Engine):
    """The last piece first; each is sent as to another machine, and lost there and sent again."""

    def __init__(self):
        self.pieces = 0

    def concurrency(self, count, device, *, pixels=0, parameters=0):
        return max(1, min(count, 3))

    def run(self, count, work, device, on_tick=lambda: None, *, pixels=0, parameters=0):
        shared, ticks = packed(work, cloudpickle.dumps), Ticks(on_tick)
        for number in reversed(range(count)):
            for _ in range(2):
                result, reached = perform(shared, number, lambda t, n=number: ticks.reached(n, t))
            ticks.reached(number, reached)
            self.pieces += 1
            yield number, result

    def words(self):
        return "elsewhere"


@pytest.mark.parametrize(
    "settings",
    [
        {**ARMS, "operations": ("Rotate", "Invert")},
        {**FEW, "method": "random", "policies": 2, "rounds": 1},
        {**FEW, "method": "autoaugment", "children": 2, "children_per_update": 2},
    ],
    ids=["arms", "random", "autoaugment"],
)
def test_another_engine_finds_the_same_policy_byte_for_byte(
    digits, tmp_path, monkeypatch, settings
):
    monkeypatch.setattr("dada.searching.work.write_page", lambda folder: None)
    engine = Elsewhere()
    runs = {name: RunFolder(tmp_path / name) for name in ("here", "there")}
    ticks = {name: [] for name in runs}
    for name, where in (("here", "local"), ("there", engine)):
        callback = Counting(ticks[name])
        dada.search(digits, out=runs[name].path, engine=where, callback=callback, **settings)
    assert engine.pieces
    found = [(run.path / "policy.json").read_bytes() for run in runs.values()]
    assert found[0] == found[1] and ticks["here"] == ticks["there"]
    configs = [(run.path / "config.json").read_bytes() for run in runs.values()]
    assert configs[0] == configs[1]
    assert [run.events[0].get("engine") for run in runs.values()] == [None, "elsewhere"]


class Counting(dada.Callback):
    """Progress reported before each record."""

    def __init__(self, found):
        self.found, self.count = found, 0

    def on_progress(self):
        self.count += 1

    def on_record(self, record):
        self.found.append(self.count)


def test_as_many_trials_are_rehearsed_as_the_engine_runs_at_once(digits, monkeypatch):
    monkeypatch.setattr("dada.searching.trials.stack_size", lambda *_: 1)
    search = begin(digits)
    engine = Elsewhere()
    trials = replace(search.trials, problem=replace(search.problem, engine=engine))
    assert [trials.at_once(count) for count in (1, 2, 7)] == [1, 2, 3]
    assert [trials.turns(count) for count in (1, 3, 7)] == [1, 1, 3]
    trials.rehearse(7, 1, search.folds[0])
    assert engine.pieces == 3


def test_processes_of_a_job_have_a_share_each_whatever_the_engine(digits, monkeypatch):
    monkeypatch.setattr("dada.searching.trials.stack_size", lambda *_: 1)
    problem = replace(begin(digits).problem, engine=Elsewhere(), processes=Processes(1, 2))
    assert replace(begin(digits).trials, problem=problem).share(7) == 3


def test_a_piece_that_is_sent_away_has_the_local_engine_there():
    assert pickle.loads(pickle.dumps(Elsewhere())) is LOCAL


def test_the_local_engine_is_this_process_where_there_is_one_thread():
    told = []

    def work(number, tick):
        tick()
        return number**2

    assert dict(LOCAL.run(3, work, CPU, lambda: told.append(1))) == {0: 0, 1: 1, 2: 4}
    assert len(told) == 3 and LOCAL.concurrency(3, CPU) == 1 and LOCAL.words() == ""


@pytest.mark.parametrize("engine", ["ray", "ray:10.0.0.1:6379", Elsewhere()])
def test_a_single_network_is_not_divided(digits, engine):
    with pytest.raises(UserError, match=r"^engine: method dada at a horizon of 0, one step trains"):
        dada.search(digits, engine=engine, horizon=0)

"""The loop, by works that only count: what it writes when, and how it resumes from any moment."""

from functools import partial
from typing import ClassVar

import pytest

from dada.compute.distributed import Processes
from dada.errors import UserError
from dada.runs import Callback, RunFolder, open_run, run_loop
from tests.runs.counting import CONFIG, Collecting, Counting

WRITES = ("add_event", "write_json", "save_checkpoint", "keep_events")


def work_in(folder, work, resume=False, callback=None):
    with open_run(folder, CONFIG, resume) as run:
        return run_loop(work, run, callback=callback)


def content(folder):
    """All that a run leaves; the checkpoint by its state."""
    run = RunFolder.open(folder)
    names = sorted(path.name for path in folder.iterdir() if path.suffix != ".pt")
    files = {name: run.read_json(name) for name in names if name.endswith(".json")}
    return run.events, run.load_checkpoint(), files, names


class Log(Callback):
    """All that a callback is told; it stops the run after an epoch."""

    def __init__(self, stop_after=-1):
        self.told, self.stop_after = [], stop_after

    def on_start(self, work):
        self.told.append(("start", work.iteration))

    def on_progress(self):
        self.told.append("progress")

    def on_record(self, record):
        self.told.append(("record", record.get("epoch")))
        if record.get("epoch") == self.stop_after:
            raise KeyboardInterrupt

    def on_converged(self, reason):
        self.told.append(("converged", reason))


def test_a_run_without_a_folder():
    log = Log()
    assert run_loop(Counting(2), callback=log) == 1 + 2
    assert log.told == [("start", 0), "progress", ("record", 1), "progress", ("record", 2)]


def test_what_a_run_leaves(tmp_path):
    work = Counting(3)
    assert work_in(tmp_path / "run", work) == 6
    events, state, files, names = content(tmp_path / "run")
    record = {"event": "epoch", "seconds": 0.5}
    assert events == [
        {"event": "start", "length": 3},
        *({**record, "epoch": n, "total": t, "saved": t} for n, t in ((1, 1), (2, 3), (3, 6))),
        {"event": "finish", "seconds": 1.5},
    ]
    assert state == {"epoch": 3, "total": 6} and work.reports == 1
    products = {"result.json": {"totals": [1, 3, 6]}, "sum.json": {"sum": 6}}
    assert files == {"config.json": CONFIG, **products}
    assert names == ["config.json", "events.jsonl", "result.json", "sum.json"]


@pytest.fixture
def on_write(monkeypatch):
    """Have a function called around every write of a run, with its name and how to do it."""

    def on_write(function):
        for name in WRITES:
            plain = getattr(RunFolder, name)

            def write(*given, name=name, plain=plain):
                function(name, partial(plain, *given))

            monkeypatch.setattr(RunFolder, name, write)

    return on_write


def test_the_order_is_product_event_checkpoint(tmp_path, on_write):
    order = []

    def note(name, write):
        order.append(name)
        write()

    on_write(note)
    work_in(tmp_path / "run", Counting(2))
    assert order[:3] == ["write_json", "keep_events", "add_event"], "config, nothing, start"
    assert order[3:9] == 2 * ["write_json", "add_event", "save_checkpoint"]
    assert order[9:] == ["write_json", "add_event"], "result, finish"


class Died(BaseException):
    """The process is gone."""


@pytest.mark.parametrize(("make", "writes"), [(Counting, 1 + 2 + 3 * 4 + 2), (Collecting, 1 + 8)])
@pytest.mark.parametrize("after", [False, True])
def test_a_run_that_died_at_any_write_is_resumed_to_the_same_end(
    make, writes, after, tmp_path, on_write
):
    expected, left = work_in(tmp_path / "whole", make()), 0

    def die(name, write):
        nonlocal left
        left -= 1
        if left or after:
            write()
        if not left:
            raise Died

    on_write(die)
    for number in range(1, writes + 1):
        folder, left = tmp_path / str(number), number
        with pytest.raises(Died):
            work_in(folder, make())
        assert work_in(folder, make(), resume=True) == expected
        if make is Counting:  # Collecting begins anew with what is missing, in another order
            assert content(folder) == content(tmp_path / "whole"), number


def test_a_finished_run_that_is_resumed_stays_as_it_is(tmp_path):
    work_in(tmp_path / "run", Counting())
    before = content(tmp_path / "run")
    log = Log()
    assert work_in(tmp_path / "run", Counting(), resume=True, callback=log) == 10
    assert content(tmp_path / "run") == before and log.told == [("start", 4)]
    run = RunFolder.open(tmp_path / "run")
    run.keep_events(run.events[:-1])
    work_in(run.path, Counting(), resume=True)
    assert content(run.path) == before, "a finish event that was lost is written again"


def test_a_run_that_has_converged_ends_and_says_why(tmp_path):
    log = Log()
    assert work_in(tmp_path / "run", Counting(9, converges=2), callback=log) == 3
    finish = RunFolder.open(tmp_path / "run").events[-1]
    assert finish == {"event": "finish", "seconds": 1.0, "reason": "2 are enough"}
    assert log.told[-1] == ("converged", "2 are enough")
    before = content(tmp_path / "run")
    assert work_in(tmp_path / "run", Counting(9, converges=2), resume=True) == 3
    assert content(tmp_path / "run") == before


KEPT = r"; the last good checkpoint is kept in .*run"


@pytest.mark.parametrize(("epoch", "kept"), [(1, ""), (3, KEPT)])
def test_a_run_that_diverges_says_what_to_do(epoch, kept, tmp_path):
    said = f"^the sum is not a finite number in epoch {epoch}{kept}: try a lower lr=.*, in another"
    with pytest.raises(UserError, match=said):
        work_in(tmp_path / "run", Counting(diverges=epoch))
    run = RunFolder.open(tmp_path / "run")
    assert (run.load_checkpoint() or {"epoch": 0})["epoch"] == epoch - 1
    assert work_in(run.path, Counting(), resume=True) == 10
    with pytest.raises(UserError, match=r"precision='float32'$"):
        run_loop(Counting(diverges=epoch))


@pytest.mark.parametrize("after", [1, 3])
def test_ctrl_c_leaves_a_report_of_what_there_is(after, tmp_path):
    folder, work = tmp_path / "run", Counting()
    with pytest.raises(KeyboardInterrupt):
        work_in(folder, work, callback=Log(stop_after=after))
    assert work.reports == 1 and RunFolder.open(folder).load_checkpoint()["epoch"] == after
    assert work_in(folder, Counting(), resume=True) == 10


def test_ctrl_c_with_nothing_to_report_is_ctrl_c(tmp_path, monkeypatch):
    def interrupt(self, on_progress):
        raise KeyboardInterrupt

    work = Counting()
    with monkeypatch.context() as patch:
        patch.setattr(Counting, "advance", interrupt)
        with pytest.raises(KeyboardInterrupt):
            work_in(tmp_path / "run", work)
        with pytest.raises(KeyboardInterrupt):
            run_loop(Counting())
    assert work.reports == 1
    assert work_in(tmp_path / "run", Counting(), resume=True) == 10


def test_only_what_is_missing_is_collected(tmp_path):
    assert work_in(tmp_path / "run", Collecting("ac")) == ["a", "c"]
    log = Log()
    found = work_in(tmp_path / "run", Collecting("abcd"), resume=True, callback=log)
    assert found == ["a", "b", "c", "d"]
    assert log.told == [("start", 2), ("record", None), ("record", None)]
    names = [event.get("name") for event in RunFolder.open(tmp_path / "run").events]
    assert names == ["c", "a", "d", "b", None]


class Shared(Processes):
    """One of two processes; what the first broadcasts is kept for the second."""

    sent: ClassVar = []

    def broadcast(self, thing):
        if self.first:
            self.sent.append(thing)
        return self.sent[-1]


@pytest.mark.parametrize("make", [lambda: Counting(9, converges=4), Collecting])
def test_several_processes_get_the_state_at_once_and_only_the_first_writes(make, tmp_path):
    work_in(tmp_path / "run", make())
    run = RunFolder.open(tmp_path / "run")
    run.keep_events(run.events[:-2])
    (run.path / "checkpoint.pt").unlink(missing_ok=True)  # the one before is of the epoch before
    Shared.sent.clear()
    first, second, logs = Shared(0, 2), Shared(1, 2), (Log(), Log())
    with open_run(run.path, CONFIG, True, first) as owned:
        result = run_loop(make(), owned, first, logs[0])
    before = content(run.path)
    with open_run(run.path, CONFIG, True, second) as owned:
        assert owned is None
        assert run_loop(make(), owned, second, logs[1]) == result
    assert len(Shared.sent) == 1 and content(run.path) == before
    assert logs[0].told and not logs[1].told, "one process speaks"


def test_there_must_be_something_to_resume():
    with pytest.raises(UserError, match="nothing to resume"), open_run(None, CONFIG, True):
        pass

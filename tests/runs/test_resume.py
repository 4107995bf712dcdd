"""Where a run stands: events are those up to the checkpoint."""

import pytest

from dada.compute.distributed import ALONE
from dada.errors import UserError
from dada.runs import RunFolder
from dada.runs.resume import resume
from tests.runs.counting import CONFIG, Collecting, Counting

HALF = '{"event": "epo{"event": "epoch"}\n'


def epochs(run):
    return [event.get("epoch", event["event"]) for event in run.events]


@pytest.mark.parametrize("half", ['{"event": "epo', HALF])
def test_whatever_came_before_the_first_checkpoint_goes(half, tmp_path):
    run = RunFolder.create(tmp_path, CONFIG)
    run.add_event({"event": "epoch", "epoch": 1})
    with (tmp_path / "events.jsonl").open("a") as file:
        file.write(half)
    assert resume(Counting(), run, ALONE) == [] == run.events
    run.add_event({"event": "epoch", "epoch": 1})
    assert epochs(run) == [1]


def test_events_after_the_checkpoint_go_and_those_before_must_be_there(tmp_path):
    run, work = RunFolder.create(tmp_path, CONFIG), Counting()
    run.save_checkpoint({"epoch": 2, "total": 3})
    run.add_event({"event": "start"})
    for epoch in (1, 1, 2, 3):  # an older release could leave an epoch twice
        run.add_event({"event": "epoch", "epoch": epoch})
    run.add_event({"event": "finish"})
    with (tmp_path / "events.jsonl").open("a") as file:
        file.write(HALF)
    records = resume(work, run, ALONE)
    assert [record["epoch"] for record in records] == [1, 2] and work.total == 3
    assert epochs(run) == ["start", 1, 2]
    run.save_checkpoint({"epoch": 3, "total": 6})
    with pytest.raises(UserError, match=r"events.jsonl: epoch 3 is missing; delete checkpoint.pt"):
        resume(Counting(), run, ALONE)
    (tmp_path / "checkpoint.pt").unlink()
    resume(Counting(), run, ALONE)
    assert epochs(run) == ["start", 1, 2]


def test_a_checkpoint_of_something_else_is_refused(tmp_path):
    run = RunFolder.create(tmp_path, CONFIG)
    run.save_checkpoint({"weights": 1})
    with pytest.raises(UserError, match=r"checkpoint.pt: not a checkpoint of this count; start"):
        resume(Counting(), run, ALONE)


def test_records_that_are_all_the_state_must_be_whole(tmp_path):
    run = RunFolder.create(tmp_path, CONFIG)
    for event in ({"event": "thing", "name": "b"}, {"event": "finish"}):
        run.add_event(event)
    with (tmp_path / "events.jsonl").open("a") as file:
        file.write('{"event": "thi')
    work = Collecting("abc")
    assert resume(work, run, ALONE) == [{"event": "thing", "name": "b"}] == run.events
    assert work.iteration == 1 and work.missing == ["c", "a"]
    with (tmp_path / "events.jsonl").open("a") as file:
        file.write(HALF)
    with pytest.raises(UserError, match=r"events.jsonl: line 2 is damaged"):
        resume(Collecting(), run, ALONE)

"""Where a run stands: its checkpoint, the events up to it, and a work that continues from both."""

from __future__ import annotations

from typing import Any

from dada.compute.distributed import Processes
from dada.errors import UserError
from dada.runs.folder import CHECKPOINT, EVENTS, RunFolder
from dada.runs.work import Record, Work


def resume(work: Work[Any], run: RunFolder | None, processes: Processes) -> list[Record]:
    """Let a work continue where its run stands; what is newer than the checkpoint goes.

    A run without a checkpoint begins anew, unless it has records only. A finish event goes too:
    it is written again at the end, also where it was lost.

    Args:
        work: at its beginning.
        run: in the first process; what it holds is sent to the others, at once.

    Returns:
        The records of the iterations that are done.

    Raises:
        UserError: the checkpoint is of something else, or events up to it are missing or damaged.
    """
    found = (_state(work, run), *run.readable_events()) if run else (None, [], None)
    state, events, damaged = processes.broadcast(found)
    others: list[Record] = []
    records: list[Record] = []
    if not work.checkpointed:
        if damaged:
            raise UserError(f"{_file(run, EVENTS)}: {damaged}")
        records = [event for event in events if event.get("event") == work.event]
        work.load_state_dict({"records": records})
    elif state is not None:
        _load(work, state, run)
        records = _until(work, events, damaged, run)
        others = [e for e in events if e.get("event") not in (work.event, "finish")]
    if run:
        run.keep_events([*others, *records])
    return records


def _state(work: Work[Any], run: RunFolder) -> dict[str, Any] | None:
    return run.load_checkpoint() if work.checkpointed else None


def _load(work: Work[Any], state: dict[str, Any], run: RunFolder | None) -> None:
    try:
        work.load_state_dict(state)
    except UserError as error:  # it says what to do
        raise UserError(f"{_file(run, CHECKPOINT)}: {error}") from None
    except Exception:  # what does not fit fails in many ways, all of them the file's
        offer = run.offer() if run else ""
        raise UserError(
            f"{_file(run, CHECKPOINT)}: not a checkpoint of this {work.noun}{offer}"
        ) from None


def _until(
    work: Work[Any], events: list[Record], damaged: str | None, run: RunFolder | None
) -> list[Record]:
    """The records up to where the work is, each iteration once."""
    kind = work.event
    by_number = {e[kind]: e for e in events if e.get("event") == kind and kind in e}
    for number in range(1, work.iteration + 1):
        if number not in by_number:
            reason = damaged or f"{kind} {number} is missing"
            offer = run.offer() if run else ""
            raise UserError(f"{_file(run, EVENTS)}: {reason}{offer}")
    return [by_number[number] for number in range(1, work.iteration + 1)]


def _file(run: RunFolder | None, name: str) -> str:
    """The file in a message; other processes than the first do not know where it is."""
    return str(run.path / name) if run else name

"""Continue a work from where its run stands: its checkpoint, and the events up to it."""

from __future__ import annotations

from typing import Any

from dada.compute.distributed import Processes
from dada.errors import UserError
from dada.runs.folder import CHECKPOINT, EVENTS, RunFolder
from dada.runs.work import Record, Work


def resume(work: Work[Any], run: RunFolder | None, processes: Processes) -> list[Record]:
    """Bring a work to where its run stands; events newer than the checkpoint are dropped.

    A run without a checkpoint begins anew, unless records are all its state. A finish event is
    dropped, too: it is written again at the end, even if it was lost.

    Args:
        work: a new work.
        run: in the first process, which sends its contents to the others.
        processes: those that share the work.

    Returns:
        The records of the iterations that are done.

    Raises:
        UserError: the checkpoint belongs to another run, or events up to it are missing or damaged.
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
    except UserError as error:  # its message says what to do
        raise UserError(f"{_file(run, CHECKPOINT)}: {error}") from None
    except Exception:  # a state that does not fit fails in many ways, all the file's fault
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
    """The file's name in a message; only the first process knows its path."""
    return str(run.path / name) if run else name

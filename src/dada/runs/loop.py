"""The one loop that brings a search, a training or a comparison to its end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from dada.compute.distributed import ALONE, Processes
from dada.errors import DivergedError, UserError, option
from dada.runs.callback import Callback
from dada.runs.folder import CHECKPOINT, RunFolder, Upgrade
from dada.runs.resume import resume
from dada.runs.work import Record, Result, Work


@contextmanager
def open_run(
    out: str | Path | None,
    config: dict[str, Any],
    resume: bool,
    processes: Processes = ALONE,
    upgrade: Upgrade | None = None,
) -> Iterator[RunFolder | None]:
    """The run folder, new or to be resumed, owned by this process until the end of the block.

    Args:
        out: the folder; None for none.
        config: as `dada.runs.describe_run` makes it.
        upgrade: as in `RunFolder.resume`.

    Yields:
        The run; None without a folder, and in all processes but the first.

    Raises:
        UserError: as `RunFolder.begin`; or there is nothing to resume.
    """
    if out is None and resume:
        raise UserError("nothing to resume: name the run folder")
    if out is None or not processes.first:
        yield None
        return
    with RunFolder.begin(out, config, resume, upgrade) as run:
        yield run


def run_loop(
    work: Work[Result],
    run: RunFolder | None = None,
    processes: Processes = ALONE,
    callback: Callback[Any] | None = None,
) -> Result:
    """Advance a work to its end, from where its run stands.

    After each iteration its products, its event and the checkpoint are written, in this order:
    whatever is recorded has its products, and whatever is in a checkpoint is recorded. So a run may
    be killed at any moment, and reaches the same end when resumed.

    Args:
        work: new, whatever has been done in the run.
        run: from `open_run`; None writes nothing.
        processes: those that share the work, each with its own part.
        callback: follows the run, in the first process.

    Returns:
        What the work's `finish` returns.

    Raises:
        UserError: the run cannot be resumed, or a loss is no longer a finite number.
    """
    callback = (callback if processes.first else None) or Callback()
    records = resume(work, run, processes)
    if run and not work.iteration:
        work.start(run)
    callback.on_start(work)
    try:
        result = _finished(work, run, callback, records)
    except BaseException as error:
        callback.on_end(error)
        raise
    callback.on_end(None)
    return result


def _finished(
    work: Work[Result], run: RunFolder | None, callback: Callback[Any], records: list[Record]
) -> Result:
    """Advance to the end, and report; also as far as it came, if it is stopped."""
    try:
        reason = _advance(work, run, callback, records)
        result = work.finish(run, records)
    except KeyboardInterrupt:
        if run:
            with suppress(UserError):  # there may be nothing to report yet
                work.report(run)
        raise
    except DivergedError as error:
        raise UserError(_advice(error, run)) from None
    if run:
        seconds = round(sum(record["seconds"] for record in records), 3)
        finish = {"event": "finish", "seconds": seconds}
        run.add_event({**finish, "reason": reason} if reason else finish)
        work.report(run)
    return result


def _advance(
    work: Work[Any], run: RunFolder | None, callback: Callback[Any], records: list[Record]
) -> str | None:
    """Add a record per iteration; return why it ended before the last one, or None."""
    while work.iteration < work.length:
        # All processes have the same records, so they converge together.
        reason = work.converged(records)
        if reason:
            callback.on_converged(reason)
            return reason
        record = work.advance(callback.on_progress)
        records.append(record)
        state = work.state_dict() if work.checkpointed else None  # every process has a part in it
        if run:
            record |= work.save(run, records)
            run.add_event(record)
            if state is not None:
                run.save_checkpoint(state)
        callback.on_record(record)
    return None


def _advice(error: DivergedError, run: RunFolder | None) -> str:
    kept = run is not None and (run.path / CHECKPOINT).exists()
    good = f"; the last good checkpoint is kept in {run.path}" if run and kept else ""
    where = ", in another run folder" if run else ""
    ways = f"a lower {option('lr')}, a larger {option('batch')} or {option('precision', 'float32')}"
    return f"{error}{good}: try {ways}{where}"

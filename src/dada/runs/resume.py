"""Going on from a checkpoint, or from the start where there is none."""

from __future__ import annotations

from typing import Any, Protocol

from dada.errors import UserError
from dada.runs.folder import CHECKPOINT, EVENTS, RunFolder


class Resumable(Protocol):
    """What goes on from a checkpoint, an epoch at a time."""

    epoch: int

    def load_state_dict(self, state: dict[str, Any], /) -> None:
        """Go on from a state."""


def restore(
    going: Resumable, state: dict[str, Any] | None, run: RunFolder | None, what: str
) -> None:
    """Go on from a checkpoint's state; events that are newer than it go.

    Args:
        state: None begins anew: whatever was recorded before the first checkpoint goes.
        run: the run that it is from, in the process that has it.
        what: "search" or "training".

    Raises:
        UserError: the state is of something else, or events up to it are missing or damaged.
    """
    if state is None:
        if run:
            run.keep_events([])
        return
    try:
        going.load_state_dict(state)
    except Exception:  # what does not fit fails in many ways, all of them the file's
        where = f"{run.path / CHECKPOINT}: " if run else ""
        offer = run.offer() if run else ""
        raise UserError(f"{where}not a checkpoint of this {what}{offer}") from None
    if run:
        run.keep_events(_events_until(going.epoch, run))


def _events_until(epoch: int, run: RunFolder) -> list[dict[str, Any]]:
    """Events that are no newer than the checkpoint, each epoch once."""
    events, damaged = run.readable_events()
    epochs = {e["epoch"]: e for e in events if e.get("event") == "epoch" and "epoch" in e}
    for number in range(1, epoch + 1):
        if number not in epochs:
            reason = damaged or f"epoch {number} is missing"
            raise UserError(f"{run.path / EVENTS}: {reason}{run.offer()}")
    others = [e for e in events if e.get("event") not in ("epoch", "finish")]
    return [*others, *(epochs[number] for number in range(1, epoch + 1))]

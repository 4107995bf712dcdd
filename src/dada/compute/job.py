"""The job that this process is part of, from the environment; needs no PyTorch."""

from __future__ import annotations

import os
from dataclasses import dataclass

from dada.errors import UserError

_NEEDED = ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")
_LAUNCHED = ("RANK", "WORLD_SIZE", "TORCHELASTIC_RUN_ID")
"""What a job launcher sets; an address alone means nothing."""


@dataclass(frozen=True)
class Job:
    """This process's place in a job, as set by `torchrun` or another launcher.

    Attributes:
        rank: its number, from 0.
        size: number of processes.
        address, port: where they meet the first one.
        local_rank: its number on this host; None if the launcher does not set it.
        agent: whether the launcher itself, instead of the first process, is at the address.
        attempt: how often the launcher has restarted the job.
    """

    rank: int
    size: int
    address: str
    port: int
    local_rank: int | None = None
    agent: bool = False
    attempt: int = 0


def job() -> Job | None:
    """The job, or None if the process is alone.

    Raises:
        UserError: the variables contradict each other.
    """
    given = {name: value for name in _LAUNCHED if (value := os.environ.get(name))}
    if not given or given.items() <= {"RANK": "0", "WORLD_SIZE": "1"}.items():
        return None if not all(map(os.environ.get, _NEEDED)) else _read()
    missing = [name for name in _NEEDED if not os.environ.get(name)]
    if missing:
        raise UserError(
            f"the environment has {', '.join(given)}, as in a job of several processes, but lacks "
            f"{', '.join(missing)}: start the job with torchrun, or unset {', '.join(given)}"
        )
    return _read()


def is_first() -> bool:
    """Whether this is the process of its job that writes files and messages."""
    try:
        found = job()
    except UserError:
        return True  # reported where the job is needed
    return found is None or found.rank == 0


def whole(name: str, default: int, least: int = 0, most: int = 2**31) -> int:
    """A whole number from the environment.

    Args:
        name: the variable.
        default: its value if it is not set or empty.
        least, most: the range.

    Raises:
        UserError: the variable is not such a number.
    """
    text = os.environ.get(name) or str(default)
    if not (text.isascii() and text.isdigit() and len(text) < 12 and least <= int(text) <= most):
        raise UserError(
            f"{name}={text!r} in the environment: must be a whole number, {least} to {most}"
        )
    return int(text)


def _read() -> Job:
    size = whole("WORLD_SIZE", 1, least=1)
    return Job(
        rank=whole("RANK", 0, most=size - 1),
        size=size,
        address=os.environ["MASTER_ADDR"],
        port=whole("MASTER_PORT", 0, most=2**16 - 1),
        local_rank=whole("LOCAL_RANK", 0) if os.environ.get("LOCAL_RANK") else None,
        agent=os.environ.get("TORCHELASTIC_USE_AGENT_STORE") == "True",
        attempt=whole("TORCHELASTIC_RESTART_COUNT", 0),
    )

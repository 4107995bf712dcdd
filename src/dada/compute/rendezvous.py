"""How the processes of a job find each other, and report which ones they wait for."""

from __future__ import annotations

import socket
import sys
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import torch.distributed as dist

from dada.compute.job import Job
from dada.errors import UserError

_meetings: Counter[Job] = Counter()
"""How often this process has met the others; all processes of a job count alike."""
_POLL, _WORD = 0.1, 30.0  # seconds between looks, and between messages


def say(line: str) -> None:
    """Print to the terminal in every process, as a user may watch any of them."""
    print(f"dada: {line}", file=sys.stderr, flush=True)


def meet(job: Job, patience: float, tell: Callable[[str], None] = say) -> dist.Store:
    """A store that all processes of the job have reached.

    Args:
        job: this process's place in it.
        patience: seconds to wait for the others.
        tell: called every 30 s with a line on which processes are missing.

    Raises:
        UserError: a process did not come.
    """
    waiting = _Waiting(job, patience, tell)
    # A launcher's store outlives a search: a second one must not read the first one's addresses.
    store = dist.PrefixStore(f"dada/{job.attempt}/{_meetings[job]}", _store(job, waiting))
    _meetings[job] += 1
    store.set(f"came/{job.rank}", socket.gethostname())
    missing = list(range(job.size))
    while missing := [n for n in missing if not store.check([f"came/{n}"])]:
        numbers = ", ".join(map(str, missing[:8])) + (", …" if len(missing) > 8 else "")
        waiting.wait(f"{'process' if len(missing) == 1 else 'processes'} {numbers} of {job.size}")
    return store


def _store(job: Job, waiting: _Waiting) -> dist.Store:
    """The job's store, which the first process hosts unless the launcher does.

    The address is tried by hand first, as PyTorch logs pages of its stack when a store fails.
    """
    hosts = job.rank == 0 and not job.agent
    if hosts:
        _check_free(job.port)
    while not hosts and not _answers(job):
        waiting.wait(f"{'the launcher' if job.agent else 'process 0'} of {job.size}")
    patience = timedelta(seconds=max(1.0, waiting.left))
    return dist.TCPStore(
        job.address, job.port, is_master=hosts, timeout=patience, wait_for_workers=False
    )


def _check_free(port: int) -> None:
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind(("", port))
        except OSError as error:
            raise UserError(
                f"cannot meet other processes at port {port} ({error.strerror}): "
                "choose another MASTER_PORT"
            ) from None


def _answers(job: Job) -> bool:
    try:
        socket.create_connection((job.address, job.port), timeout=_WORD).close()
    except OSError:
        return False
    return True


class _Waiting:
    """How long to wait, and what to report in the meantime."""

    def __init__(self, job: Job, patience: float, tell: Callable[[str], None]) -> None:
        self._where, self._tell, self._patience = f"{job.address}:{job.port}", tell, patience
        self._me, self._started, self._words = job.rank, time.monotonic(), 0

    @property
    def left(self) -> float:
        """Seconds of patience left."""
        return self._patience - (time.monotonic() - self._started)

    def wait(self, who: str) -> None:
        """Wait a moment, with a message now and then.

        Raises:
            UserError: the patience is exhausted.
        """
        waited = time.monotonic() - self._started
        if self.left <= 0:
            raise UserError(
                f"{who} did not come to {self._where} within {self._patience:g} s: start all "
                "processes of the job, with the same address (DADA_PATIENCE sets the seconds)"
            )
        if waited >= _WORD * (self._words + 1):
            self._words += 1
            self._tell(
                f"process {self._me} waits for {who} at {self._where}, {waited:.0f} s so far"
            )
        time.sleep(_POLL)

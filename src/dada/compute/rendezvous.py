"""How the processes of a job find each other, and say whom they wait for."""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Callable
from datetime import timedelta

import torch.distributed as dist

from dada.compute.job import Job
from dada.errors import UserError

_POLL, _WORD = 0.1, 30.0  # seconds between looks, and between words


def say(line: str) -> None:
    """To the terminal, of every process: nobody knows which one is being watched."""
    print(f"dada: {line}", file=sys.stderr, flush=True)


def meet(job: Job, patience: float, tell: Callable[[str], None] = say) -> dist.Store:
    """A store that all processes of the job have come to.

    Args:
        patience: seconds to wait for them.
        tell: is told every 30 s who is missing.

    Raises:
        UserError: somebody did not come.
    """
    waiting = _Waiting(job, patience, tell)
    store = dist.PrefixStore(f"dada/{job.attempt}", _store(job, waiting))
    store.set(f"came/{job.rank}", socket.gethostname())
    missing = list(range(job.size))
    while missing := [n for n in missing if not store.check([f"came/{n}"])]:
        numbers = ", ".join(map(str, missing[:8])) + (", …" if len(missing) > 8 else "")
        waiting.wait(f"{'process' if len(missing) == 1 else 'processes'} {numbers} of {job.size}")
    return store


def _store(job: Job, waiting: _Waiting) -> dist.Store:
    """The job's store, which the first process offers unless the launcher does.

    The address is tried by hand first: where a store fails, PyTorch logs pages of its stack.
    """
    offers = job.rank == 0 and not job.agent
    if offers:
        _check_free(job.port)
    while not offers and not _answers(job):
        waiting.wait(f"{'the launcher' if job.agent else 'process 0'} of {job.size}")
    patience = timedelta(seconds=max(1.0, waiting.left))
    return dist.TCPStore(
        job.address, job.port, is_master=offers, timeout=patience, wait_for_workers=False
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
    """For how long, and what is said meanwhile."""

    def __init__(self, job: Job, patience: float, tell: Callable[[str], None]) -> None:
        self._where, self._tell, self._patience = f"{job.address}:{job.port}", tell, patience
        self._me, self._started, self._words = job.rank, time.monotonic(), 0

    @property
    def left(self) -> float:
        """Seconds."""
        return self._patience - (time.monotonic() - self._started)

    def wait(self, who: str) -> None:
        """A moment; a word now and then.

        Raises:
            UserError: patience is over.
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

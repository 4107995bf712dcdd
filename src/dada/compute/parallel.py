"""Independent pieces of work side by side on a CPU, each in a process of one thread."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator
from typing import Any, NoReturn, TypedDict, TypeVar

import torch
from torch.multiprocessing import ProcessContext, ProcessExitedException, start_processes

from dada.compute.memory import available
from dada.compute.threads import SMALL
from dada.errors import UserError

Result = TypeVar("Result")
Tick = Callable[[], None]

_POLL = 0.1  # seconds between looks at what the processes have sent
_PIXELS = 2**18  # of a large network's batch, at most: larger ones keep all threads busy
_BYTES = 4096  # that a small network's training takes for a pixel of its batch, at most


class Load(TypedDict):
    """How large a piece of work is: the pixels of a batch, and the parameters of the network."""

    pixels: int
    parameters: int


def concurrency(count: int, device: torch.device, pixels: int = 0, parameters: int = 0) -> int:
    """How many of `count` pieces of work run at once: one for each of PyTorch's threads, or one.

    A small network has no use for many threads; one network for each thread has. And each then
    adds up in the same order, on however many cores.

    Args:
        pixels: of a batch.
        parameters: of the network.
    """
    if not _apart(device, pixels, parameters):
        return 1
    fit = available() // (_BYTES * pixels) if pixels > _PIXELS else count
    return min(count, torch.get_num_threads(), max(1, fit))


def run_parallel(
    count: int,
    work: Callable[[int, Tick], Result],
    device: torch.device,
    on_tick: Tick = lambda: None,
    *,
    pixels: int = 0,
    parameters: int = 0,
) -> Iterator[tuple[int, Result]]:
    """What `work` gives for 0, …, count − 1, with the number, as each is done.

    Args:
        count: of pieces.
        work: takes a number, and what to call when a part of the piece is done. What it changes
            in memory may be lost: its result is what comes back, pickled.
        device: where it works.
        on_tick: called in this process for each part that is done.
        pixels, parameters: of a batch and of the network, as in `concurrency`.

    Raises:
        UserError: a process was killed.
        Exception: the work's own, with the traceback that it had where it was raised.
    """
    if torch.get_num_threads() == 1 or not _apart(device, pixels, parameters):
        yield from ((number, work(number, on_tick)) for number in range(count))
        return
    fork = multiprocessing.get_context("fork")
    taken, sent = fork.Value("q", 0), fork.SimpleQueue()
    parent = os.getpid()

    def tick() -> None:
        if os.getppid() != parent:
            os._exit(1)  # nobody is left to work for
        sent.put(None)

    def worker(_: int) -> None:
        # A Ctrl-C reaches all of the terminal's processes: this one ends its own, below.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        torch.set_num_threads(1)
        while True:
            with taken:
                number, taken.value = taken.value, taken.value + 1
            if number >= count:
                return
            try:
                sent.put((number, work(number, tick)))
            except Exception as error:
                sent.put(_Failure(error, traceback.format_exc()))

    with warnings.catch_warnings():
        # Python 3.12 warns of threads: those of PyTorch, which a process with one never wakes.
        warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)
        processes = concurrency(count, device, pixels, parameters)
        started = start_processes(
            worker, nprocs=processes, join=False, daemon=True, start_method="fork"
        )
    try:
        yield from _received(started, sent, on_tick)
    except ProcessExitedException as error:
        raise UserError(
            f"a process that trains networks died ({error}), probably out of memory: "
            "OMP_NUM_THREADS limits how many run at once"
        ) from None
    finally:
        for process in started.processes:
            process.terminate()


class _Failure:
    """An exception on its way from the process that raised it.

    Raises:
        Exception: the same again, where it would not arrive as it is.
    """

    def __init__(self, error: Exception, text: str) -> None:
        self.error, self.text = error, text
        try:
            pickle.loads(pickle.dumps(error))
        except Exception:  # of an exception class of the user's, anything
            raise error from None

    def again(self) -> NoReturn:
        """Raise it; its cause tells where it was raised before."""
        if isinstance(self.error, UserError):
            raise self.error
        raise self.error from WorkerError(self.text)


class WorkerError(Exception):
    """Where an exception was raised, in another process."""

    def __str__(self) -> str:
        return f"\n{self.args[0]}"


def _received(started: ProcessContext, sent: Any, on_tick: Tick) -> Iterator[Any]:
    """What the processes send, until all have ended."""
    over = False
    while not over:
        over = started.join(_POLL)
        while not sent.empty():
            message = sent.get()
            if message is None:
                on_tick()
            elif isinstance(message, _Failure):
                message.again()
            else:
                yield message


def _apart(device: torch.device, pixels: int, parameters: int) -> bool:
    """Whether forked processes do the work: they cannot use a GPU, nor a driver that has begun."""
    safe = device.type == "cpu" and sys.platform == "linux" and not torch.cuda.is_available()
    return safe and (pixels <= _PIXELS or parameters <= SMALL)

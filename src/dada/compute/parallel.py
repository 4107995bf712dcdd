"""Independent pieces of work in parallel on a CPU, each in a process with one thread."""

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
_PIXELS = 2**19  # in a large network's batch, at most: larger ones keep all threads busy
_BYTES = 4096  # per pixel of a batch, at most, in the training of a small network


class Load(TypedDict):
    """The size of a piece of work: pixels in a batch, and parameters of the network."""

    pixels: int
    parameters: int


def concurrency(count: int, device: torch.device, pixels: int = 0, parameters: int = 0) -> int:
    """How many of `count` pieces of work run at once: one per thread of PyTorch's, or one.

    One small network cannot keep many threads busy; one network per thread can. Each then adds up
    in the same order on any number of cores.

    Args:
        count: number of pieces.
        device: where they run.
        pixels: number in a batch.
        parameters: number in the network.
    """
    if not _apart(device, pixels, parameters):
        return 1
    taken = memory_of(pixels)
    fit = available() // taken if taken else count
    return min(count, torch.get_num_threads(), max(1, fit))


def memory_of(pixels: int) -> int:
    """Bytes that a small network's training takes at most; 0 where batches are so small that
    memory is no concern.

    Args:
        pixels: number in a batch.
    """
    return _BYTES * pixels if pixels > _PIXELS else 0


def run_parallel(
    count: int,
    work: Callable[[int, Tick], Result],
    device: torch.device,
    on_tick: Tick = lambda: None,
    *,
    pixels: int = 0,
    parameters: int = 0,
) -> Iterator[tuple[int, Result]]:
    """The results of `work` for 0, …, count − 1, each with its number, as they finish.

    Args:
        count: number of pieces.
        work: takes a number, and a function to call when a part of the piece is done. Its changes
            in memory may be lost: only its result comes back, pickled.
        device: where it runs.
        on_tick: called in this process for each part that is done.
        pixels, parameters: as in `concurrency`.

    Raises:
        UserError: a process was killed.
        Exception: the work's own, with its original traceback.
    """
    if torch.get_num_threads() == 1 or not _apart(device, pixels, parameters):
        yield from ((number, work(number, on_tick)) for number in range(count))
        return
    # Not a ProcessPoolExecutor: before Python 3.14 it cannot end work that has begun, so that
    # Ctrl-C would wait for whole trainings, and progress would need a queue beside it anyway.
    fork = multiprocessing.get_context("fork")
    taken, sent = fork.Value("q", 0), fork.SimpleQueue()
    parent = os.getpid()

    def tick() -> None:
        if os.getppid() != parent:
            os._exit(1)  # the parent is gone
        sent.put(None)

    def worker(_: int) -> None:
        # Ctrl-C reaches all processes of the terminal; the parent terminates its own, below.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        torch.set_num_threads(1)
        # Or a large result would wait for ever for a parent that was killed.
        sent._reader.close()  # type: ignore[attr-defined]
        while True:
            with taken:
                number, taken.value = taken.value, taken.value + 1
            if number >= count:
                return
            try:
                sent.put((number, work(number, tick)))
            except Exception as error:
                sent.put(Failure(error, traceback.format_exc()))

    with warnings.catch_warnings():
        # Python 3.12 warns about PyTorch's threads, which a process with one thread never wakes.
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


class Failure:
    """An exception on its way from the process that raised it.

    Raises:
        Exception: the same one, if it cannot be pickled.
    """

    def __init__(self, error: Exception, text: str) -> None:
        self.error, self.text = error, text
        try:
            pickle.loads(pickle.dumps(error))
        except Exception:  # an exception class of the user's may do anything
            raise error from None

    def again(self) -> NoReturn:
        """Raise it, with its original traceback as the cause."""
        if isinstance(self.error, UserError):
            raise self.error
        raise self.error from WorkerError(self.text)


class WorkerError(Exception):
    """The traceback of an exception in another process."""

    def __str__(self) -> str:
        return f"\n{self.args[0]}"


def _received(started: ProcessContext, sent: Any, on_tick: Tick) -> Iterator[Any]:
    """The results that the processes send, until all of them have ended."""
    ended = False
    while not ended:
        ended = started.join(_POLL)
        while not sent.empty():
            message = sent.get()
            if message is None:
                on_tick()
            elif isinstance(message, Failure):
                message.again()
            else:
                yield message


def _apart(device: torch.device, pixels: int, parameters: int) -> bool:
    """Whether forked processes do the work: they can use neither a GPU nor a driver in use."""
    safe = device.type == "cpu" and sys.platform == "linux" and not torch.cuda.is_available()
    return safe and (pixels <= _PIXELS or parameters <= SMALL)

"""Trainings shared by the processes of a job: each runs whole ones, and only records are sent."""

from __future__ import annotations

from collections.abc import Generator, Iterator

from dada.comparison.bench import Bench
from dada.compute.distributed import Processes
from dada.compute.parallel import Tick, concurrency, run_parallel
from dada.errors import DivergedError, UserError
from dada.runs.work import Record
from dada.training.augmentations import Method


def trained(
    bench: Bench, tasks: list[tuple[Method, int]], processes: Processes, on_step: Tick
) -> Generator[Record, None, None]:
    """The records of trainings as they finish, the same in all processes.

    Args:
        bench: runs a training.
        tasks: a method and a seed per training.
        processes: those that share the trainings.
        on_step: called for every step of every training, those of other processes after the fact.

    Raises:
        UserError, DivergedError: a training's own, in every process.
    """
    if processes.size == 1:
        yield from _made(bench, tasks, on_step)
        return
    # Records are exchanged after every turn, so that no more than a turn is lost with a process.
    turn = processes.broadcast(
        processes.size * max(1, concurrency(len(tasks), bench.device, **bench.load))
    )
    for start in range(0, len(tasks), turn):
        mine = tasks[start : start + turn][processes.rank :: processes.size]
        for rank, records in enumerate(processes.all_gather(_or_error(bench, mine, on_step))):
            if isinstance(records, Exception):
                raise records
            for record in records:
                if rank != processes.rank:
                    for _ in range(bench.steps):
                        on_step()
                yield record


def _made(bench: Bench, tasks: list[tuple[Method, int]], on_step: Tick) -> Iterator[Record]:
    def one(number: int, on_step: Tick) -> Record:
        return bench.train(*tasks[number], on_step)

    for _, record in run_parallel(len(tasks), one, bench.device, on_step, **bench.load):
        yield record


def _or_error(
    bench: Bench, tasks: list[tuple[Method, int]], on_step: Tick
) -> list[Record] | UserError | DivergedError:
    """Return an error like a result, so that the other processes do not wait for one in vain."""
    try:
        return list(_made(bench, tasks, on_step))
    except (UserError, DivergedError) as error:
        return error

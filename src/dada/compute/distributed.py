"""Several processes that share one job, as `torchrun` starts them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor

from dada.compute.job import job, whole
from dada.compute.rendezvous import meet
from dada.errors import UserError, option

_PATIENCE = timedelta(minutes=10)
"""How long a process waits for the others' part; decoding a large set's first batch takes a while.
"""
_MEETING = 600
"""Seconds that a process waits for the others to start, unless `DADA_PATIENCE` is set."""


@dataclass(frozen=True)
class Processes:
    """This process among those of the job; all of them call the same methods in the same order.

    Attributes:
        rank: this process's number, from 0.
        size: number of processes.
    """

    rank: int = 0
    size: int = 1

    @property
    def first(self) -> bool:
        """Whether this is the process that writes files and messages."""
        return self.rank == 0

    def shard(self, batch: Tensor) -> Tensor:
        """This process's rows of a batch; parts differ by at most one row."""
        return batch.tensor_split(self.size)[self.rank]

    def sum(self, tensor: Tensor, device: torch.device | None = None) -> Tensor:
        """The sum over the processes, which work on `device` (the tensor's own by default)."""
        if self.size == 1:
            return tensor
        total = tensor.to(device, copy=True)
        dist.all_reduce(total)
        return total.to(tensor.device)

    def average(self, tensors: Sequence[Tensor], share: float) -> None:
        """Turn means over this process's part of a batch into means over the batch, in place.

        Args:
            tensors: of one type, on one device; they are exchanged all at once.
            share: this process's part of the batch, in [0, 1].
        """
        if self.size == 1:
            return
        flat = torch.cat([tensor.flatten() for tensor in tensors]).mul_(share)
        dist.all_reduce(flat)
        for tensor, total in zip(tensors, flat.split([t.numel() for t in tensors]), strict=True):
            tensor.copy_(total.view_as(tensor))

    def all_gather(self, thing: Any) -> list[Any]:
        """Plain data of all processes, by rank."""
        if self.size == 1:
            return [thing]
        things: list[Any] = [None] * self.size
        dist.all_gather_object(things, thing)
        return things

    def broadcast(self, thing: Any) -> Any:
        """Plain data of the first process, to all."""
        if self.size == 1:
            return thing
        things = [thing]
        dist.broadcast_object_list(things)
        return things[0]


ALONE = Processes()


@contextmanager
def shared_job(
    device: torch.device, patience: timedelta = _PATIENCE
) -> Iterator[tuple[Processes, torch.device]]:
    """Meet the other processes of a job started by `torchrun`; without one, the process is alone.

    Args:
        device: "cuda" becomes the GPU of this process's local rank.
        patience: how long a process waits for the others' part.

    Yields:
        The processes, and this one's device.

    Raises:
        UserError: the environment contradicts itself, or another process of the job died, never
            started or cannot be reached.
    """
    mine = job()
    if mine is None:
        yield ALONE, device
        return
    if device.type == "cuda":
        local = (
            mine.rank % torch.cuda.device_count() if mine.local_rank is None else mine.local_rank
        )
        device = torch.device("cuda", local)
        torch.cuda.set_device(device)
    try:
        backend = "nccl" if device.type == "cuda" else "gloo"
        store = meet(mine, whole("DADA_PATIENCE", _MEETING, least=1))
        dist.init_process_group(
            backend, store=store, rank=mine.rank, world_size=mine.size, timeout=patience
        )
        yield Processes(mine.rank, mine.size), device
    except dist.DistError as error:
        raise UserError(_lost(error)) from error
    except RuntimeError as error:
        if "gloo" not in str(error).lower() and "nccl" not in str(error).lower():
            raise
        raise UserError(_lost(error)) from error
    finally:
        if dist.is_initialized():
            dist.destroy_process_group()


def _lost(error: Exception) -> str:
    return (
        "another process of this job died or cannot be reached; start all of them again with "
        f"{option('resume', True)} ({str(error).splitlines()[0]:.100})"
    )

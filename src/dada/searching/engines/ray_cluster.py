"""Ray: trials on the nodes of a cluster."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import ModuleType
from typing import Any, TypeVar

import torch

from dada.compute.job import job
from dada.compute.parallel import Failure, Tick
from dada.errors import UserError, brief, option
from dada.extras import library
from dada.report.numbers import count as counted
from dada.searching.engines.demand import Resources, demand, room
from dada.searching.engines.engine import Engine
from dada.searching.engines.piece import Ticks, missing, packed

Result = TypeVar("Result")

_POLL = 0.2  # seconds between looks at how far pieces are
_RETRIES = 5  # of a piece whose process or node dies
_PATIENCE = 10.0  # seconds in which a head node answers
_HELLO = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))
"""How HTTP/2, which gRPC and so Ray's head node speak, begins, with settings that say nothing; the
answer begins with settings, too (RFC 9113, section 3.4)."""
_SETTINGS = 4


class RayCluster(Engine):
    """A cluster that this process is connected to.

    Everything that the pieces of a `run` have in common is sent to each node once. A piece that is
    lost with its process or its node is begun again elsewhere, and nothing is counted twice.

    Args:
        ray: the library, connected.
    """

    def __init__(self, ray: ModuleType) -> None:
        self._ray = ray
        self._board: Any = None
        self._lost = 0

    def concurrency(
        self, count: int, device: torch.device, *, pixels: int = 0, parameters: int = 0
    ) -> int:
        """See `Engine`: as many as the nodes that are there now have room for."""
        nodes = self._nodes()
        return max(1, min(count, room(nodes, demand(nodes, device, pixels, parameters))))

    def run(
        self,
        count: int,
        work: Callable[[int, Tick], Result],
        device: torch.device,
        on_tick: Tick = lambda: None,
        *,
        pixels: int = 0,
        parameters: int = 0,
    ) -> Iterator[tuple[int, Result]]:
        """See `Engine`."""
        if device.index:
            raise UserError(f"device {device}: Ray chooses among GPUs; give cuda")
        ray, nodes = self._ray, self._nodes()
        takes = demand(nodes, device, pixels, parameters)
        room(nodes, takes)  # raises
        board, ticks = self._started_board(), Ticks(on_tick)
        piece = _remote_piece(ray, takes)
        shared = ray.put(packed(work, ray.cloudpickle.dumps))
        key = shared.hex()  # of this run's pieces
        ray.get(board.open.remote(key))
        lost = self._lost
        waiting = {piece.remote(shared, number, board, key): number for number in range(count)}
        try:
            while waiting:
                done, _ = ray.wait(list(waiting), timeout=_POLL)
                told, again = ray.get(board.read.remote())
                self._lost = lost + again
                for number, reached in told.items():
                    ticks.reached(number, reached)
                for reference in done:
                    result, reached = self._got(reference)
                    number = waiting.pop(reference)
                    ticks.reached(number, reached)
                    yield number, result
        finally:
            for reference in waiting:
                with suppress(Exception):  # it may have ended, and the cluster with it
                    ray.cancel(reference, force=True)

    def words(self) -> str:
        """See `Engine`."""
        nodes = self._nodes()
        amounts = {name: int(sum(node.get(name, 0) for node in nodes)) for name in ("CPU", "GPU")}
        parts = [counted(amount, name) for name, amount in amounts.items() if amount]
        return f"Ray: {', '.join((counted(len(nodes), 'node'), *parts))}"

    def incidents(self) -> str:
        """See `Engine`: pieces that were begun again."""
        lost, self._lost = self._lost, 0
        if not lost:
            return ""
        were = "was" if lost == 1 else "were"
        return (
            f"{counted(lost, 'trial')} {were} lost on the cluster, with process or node, and begun "
            "again"
        )

    def _nodes(self) -> list[Resources]:
        return [node["Resources"] for node in self._ray.nodes() if node["Alive"]]

    def _started_board(self) -> Any:
        """What pieces tell how far they are; on this node, so that it lives as long as it is
        read."""
        if self._board is None:
            self._board = _new_board(self._ray)
        return self._board

    def _got(self, reference: Any) -> Any:
        """What a piece gave.

        Raises:
            UserError: it died again and again, or its node lacks this package.
            Exception: the work's own.
        """
        errors = self._ray.exceptions
        try:
            result, ticks = self._ray.get(reference)
        except errors.RayTaskError as error:
            if isinstance(error.cause, ImportError):
                raise UserError(missing(error.cause)) from None
            raise
        except errors.RayError as error:
            raise UserError(
                f"a trial was lost on the cluster {_RETRIES + 1} times, with its process or its "
                f"node, which may have run out of memory ({brief(error, 120)})"
            ) from None
        if isinstance(result, Failure):
            result.again()
        return result, ticks


@contextmanager
def connected(address: str | None) -> Iterator[RayCluster]:
    """A cluster, until the end of the block; one that the caller is connected to stays so.

    Args:
        address: as in `open_engine`, without "ray:"; None is the environment's, or a new cluster
            on this machine with as many CPUs as PyTorch has threads.

    Raises:
        UserError: Ray is not installed, no cluster answers within a minute, or this is a process
            of a job, which shares work in another way.
    """
    if job() is not None:
        raise UserError(
            "Ray and torchrun both spread a search over machines: start it without torchrun, or "
            f"without {option('engine', 'ray')}"
        )
    ray = library("ray", "engine ray")
    if ray.is_initialized():
        if address:
            raise UserError("this program is connected to a Ray cluster already: give engine 'ray'")
        yield RayCluster(ray)
        return
    address = address or os.environ.get("RAY_ADDRESS") or "local"
    _check_answers(address)
    options: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
    if address == "local":
        options |= {"num_cpus": torch.get_num_threads(), "include_dashboard": False}
    try:
        ray.init(address, **options)
    except (RuntimeError, ValueError, OSError, ray.exceptions.RayError) as error:
        ray.shutdown()
        raise UserError(f"Ray at {address}: {brief(error, 200)}") from None
    try:
        yield RayCluster(ray)
    finally:
        ray.shutdown()


def _check_answers(address: str) -> None:
    """Fail soon: Ray itself tries for a quarter of an hour where something else answers.

    Raises:
        UserError: nothing answers at the address, or not a cluster.
    """
    if address in ("local", "auto"):
        return
    host, colon, port = address.rpartition(":")
    if "/" in address or not (colon and host and port.isdigit()):
        raise UserError(
            f"ray:{brief(address)}: give ray:HOST:PORT of the head node, such as "
            "ray:10.0.0.1:6379, on a machine of the cluster"
        )
    try:
        with socket.create_connection((host, int(port)), timeout=_PATIENCE) as head:
            head.sendall(_HELLO)
            answer = head.recv(9)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UserError(f"no Ray cluster answers at {address} ({reason})") from None
    if len(answer) < 4 or answer[3] != _SETTINGS:
        raise UserError(f"what answers at {address} is not the head node of a Ray cluster")


def _remote_piece(ray: ModuleType, takes: Resources) -> Any:
    """The remote function; sent by value, so that a node without this package can say so."""

    def piece(shared: bytes, number: int, board: Any, key: str) -> Any:
        from dada.searching.engines.piece import perform  # noqa: PLC0415  (there, not here)

        board.begin.remote(key, number)
        return perform(shared, number, lambda ticks: board.tell.remote(key, number, ticks))

    names = {"CPU": "num_cpus", "GPU": "num_gpus", "memory": "memory"}
    given = {names[name]: amount for name, amount in takes.items()}
    # Ray would count one CPU for every piece on a GPU, of which there may be several per core.
    return ray.remote(piece).options(**{"num_cpus": 0, **given}, max_retries=_RETRIES)


def _new_board(ray: ModuleType) -> Any:
    from ray.util.scheduling_strategies import (  # noqa: PLC0415  (optional)
        NodeAffinitySchedulingStrategy,
    )

    class Board:
        """How often each piece of a run was begun, and how many ticks it has made. Of an earlier
        run nothing is kept."""

        def open(self, key: str) -> None:
            self.key = key
            self.begun, self.ticks = dict[int, int](), dict[int, int]()

        def begin(self, key: str, number: int) -> None:
            if key == self.key:
                self.begun[number] = self.begun.get(number, 0) + 1

        def tell(self, key: str, number: int, ticks: int) -> None:
            if key == self.key:
                self.ticks[number] = max(ticks, self.ticks.get(number, 0))

        def read(self) -> tuple[dict[int, int], int]:
            return self.ticks, sum(self.begun.values()) - len(self.begun)

    here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
    return ray.remote(Board).options(num_cpus=0, scheduling_strategy=here).remote()

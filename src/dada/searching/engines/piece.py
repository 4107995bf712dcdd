"""A piece of work on its way to another machine, and there."""

from __future__ import annotations

import pickle
import time
import traceback
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import torch

from dada import __version__
from dada.compute.memory import keep_freed_memory
from dada.compute.parallel import Failure, Tick
from dada.errors import UserError, brief
from dada.ops.registry import add_own, own

_OFTEN = 0.1  # seconds between messages on how far a piece is

Work = Callable[[int, Tick], Any]


def packed(work: Work, dumps: Callable[[Any], bytes]) -> bytes:
    """The work, with what the other machine must know besides.

    Args:
        dumps: pickles functions of any kind.

    Raises:
        UserError: something in it cannot be pickled.
    """
    try:
        return pickle.dumps((_versions(), dumps(own()), dumps(work)))
    except Exception as error:  # a class of the user's may do anything
        raise UserError(
            "the network, the loss, a transform or an operation cannot be sent to other machines: "
            f"it must be possible to pickle it ({brief(error, 120)})"
        ) from None


def perform(packed: bytes, number: int, tell: Callable[[int], None]) -> tuple[Any, int]:
    """Do a piece of work that was sent here.

    Args:
        packed: by the function of that name.
        number: the piece's.
        tell: called now and then with the number of ticks so far.

    Returns:
        The result, or the `Failure` that the work ended in; and its number of ticks.
    """
    keep_freed_memory()  # the process has no other owner
    torch.set_num_threads(1)
    ticks, told = 0, time.monotonic()

    def tick() -> None:
        nonlocal ticks, told
        ticks += 1
        if time.monotonic() - told >= _OFTEN:
            told = time.monotonic()
            tell(ticks)

    try:
        return _unpacked(packed)(number, tick), ticks
    except Exception as error:
        return Failure(error, traceback.format_exc()), ticks


def _unpacked(packed: bytes) -> Work:
    """The work; it is not touched before the versions are known to agree.

    Raises:
        UserError: this machine has other versions, or lacks a module.
    """
    there, operations, work = pickle.loads(packed)
    if there != _versions():
        here = ", ".join(f"{name} {version}" for name, version in _versions().items())
        wanted = ", ".join(f"{name} {version}" for name, version in there.items())
        raise UserError(f"a node of the cluster has {here}: install {wanted} there")
    try:
        add_own(pickle.loads(operations))
        found: Work = pickle.loads(work)
    except ImportError as error:
        raise UserError(missing(error)) from None
    return found


def missing(error: ImportError) -> str:
    """The message where a node lacks a module."""
    what = f"import {error.name!r}" if error.name else f"import what it needs ({brief(error, 80)})"
    return f"a node of the cluster cannot {what}: install there what is installed here"


def _versions() -> Mapping[str, str]:
    return {"dada-augment": __version__, "torch": torch.__version__}


class Ticks:
    """Passes on every tick of every piece once, however often a piece is begun again."""

    def __init__(self, on_tick: Tick) -> None:
        self._on_tick, self._passed = on_tick, Counter[int]()

    def reached(self, number: int, ticks: int) -> None:
        """A piece has made so many ticks in all."""
        for _ in range(ticks - self._passed[number]):
            self._on_tick()
        self._passed[number] = max(ticks, self._passed[number])

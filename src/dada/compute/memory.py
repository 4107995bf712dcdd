"""Keep freed memory in the process, and refuse what does not fit."""

import ctypes
import os
from contextlib import suppress
from pathlib import Path

from dada.errors import UserError

_TRIM_THRESHOLD, _MMAP_MAX = -1, -4  # of glibc's malloc.h


def keep_freed_memory() -> None:
    """Have the C library keep freed memory, and PyTorch use large pages; Linux with glibc only.

    A training step allocates and frees the same gigabyte over and over. By default most of it is
    returned to the system each time, which clears every page before handing it out again: a tenth
    to a fifth of a step on a CPU, and half of it with images of 96 pixels, whose blocks are too
    large to be kept at all. The price is a peak that is never returned, and more fragmentation: up
    to 50 % more memory. How a process treats its memory is up to its owner, so the command line
    does this and the library does not. Call it before PyTorch is imported.
    """
    os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return
    mallopt(_TRIM_THRESHOLD, 2**31 - 1)
    mallopt(_MMAP_MAX, 0)


def available() -> int:
    """Bytes of memory that a process may still allocate; limits that are unknown do not count."""
    limits = [2**63]
    with suppress(OSError, ValueError, StopIteration):
        lines = Path("/proc/meminfo").read_text().splitlines()
        line = next(line for line in lines if line.startswith("MemAvailable"))
        limits.append(1024 * int(line.split()[1]))
    with suppress(OSError, ValueError):  # a container's own limit
        group = Path("/sys/fs/cgroup")
        most, used = ((group / f"memory.{name}").read_text() for name in ("max", "current"))
        limits.append(int(most) - int(used))
    return max(0, min(limits))


def check_fits(what: str, size: int, count: int) -> None:
    """Refuse images that would not fit in memory, before allocating it.

    Args:
        what: begins the message.
        size: bytes that the images take.
        count: number of images.

    Raises:
        UserError: they take more than three quarters of what is available; the message says how
            many would fit.
    """
    free = available() * 3 // 4
    if size > free:
        fit = free * count // size
        raise UserError(
            f"{what}: {count:,} images take {size / 2**30:.1f} GiB, and {free / 2**30:.1f} GiB are "
            f"free for them: {fit:,} would fit"
        )

"""What becomes of memory that is let go, in a process of our own."""

import ctypes
import os

_TRIM_THRESHOLD, _MMAP_MAX = -1, -4  # of glibc's malloc.h


def keep_freed_memory() -> None:
    """Have the C library keep what is freed, and PyTorch take large pages; Linux with glibc only.

    A training step takes and frees the same gigabyte over and over. By default most of it goes
    back to the system each time, which clears every page before it lends it again: a tenth to a
    fifth of a step on a CPU, and half of it where images are of 96 pixels and blocks too large to
    be kept at all. The price is a peak that is not given back, and blocks that fit less well: up
    to half more memory. How a process treats its memory is for its owner to say, so the command
    line does this and the library does not. Call it before PyTorch is imported.
    """
    os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return
    mallopt(_TRIM_THRESHOLD, 2**31 - 1)
    mallopt(_MMAP_MAX, 0)

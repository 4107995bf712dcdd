"""Ctrl-C: the first one stops the work in an orderly way, a second one at once."""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType


def watch_ctrl_c() -> None:
    """From now on: one KeyboardInterrupt, and no second one in the middle of cleaning up."""
    if signal.getsignal(signal.SIGINT) in (signal.default_int_handler, _second):
        signal.signal(signal.SIGINT, _first)


def forget_ctrl_c() -> None:
    """Leave Ctrl-C to Python again, where nothing was stopped."""
    if signal.getsignal(signal.SIGINT) is _first:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _first(number: int, frame: FrameType | None) -> None:
    signal.signal(signal.SIGINT, _second)
    sys.unraisablehook = lambda _: None  # where it lands in a callback, Python would print it
    raise KeyboardInterrupt


def _second(number: int, frame: FrameType | None) -> None:
    """Files are replaced whole, so the run can be resumed from wherever this is."""
    if sys.stderr.isatty():
        os.write(2, b"\x1b[?25h\n")  # a progress bar hides the cursor
    os._exit(130)

"""Ctrl-C: the first one stops the work in an orderly way, the second one at once."""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType


def watch_ctrl_c() -> None:
    """From now on, raise KeyboardInterrupt once; a second Ctrl-C ends the process."""
    if signal.getsignal(signal.SIGINT) in (signal.default_int_handler, _second):
        signal.signal(signal.SIGINT, _first)


def forget_ctrl_c() -> None:
    """Return Ctrl-C to Python, unless something was stopped."""
    if signal.getsignal(signal.SIGINT) is _first:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _first(number: int, frame: FrameType | None) -> None:
    signal.signal(signal.SIGINT, _second)
    sys.unraisablehook = lambda _: None  # Python would print one that lands in a callback
    raise KeyboardInterrupt


def _second(number: int, frame: FrameType | None) -> None:
    """End at once. Files are replaced whole, so the run can be resumed."""
    if sys.stderr.isatty():
        os.write(2, b"\x1b[?25h\n")  # a progress bar hides the cursor
    os._exit(130)

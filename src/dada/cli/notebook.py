"""Output in a notebook: no cursor moves there, but a part of a cell's output can be replaced."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import Any

from markupsafe import Markup


def in_kernel() -> bool:
    """Whether this process runs the cells of a notebook."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return getattr(shell, "kernel", None) is not None


def below_kernel() -> bool:
    """Whether a cell has started this process, as ``!dada`` does: on a terminal that no one sees.

    Examples:
        >>> below_kernel()
        False
    """
    # What every kernel sets for its children (ipykernel, `init_environment`); beside it stands
    # FORCE_COLOR, which would make Rich move the cursor.
    return os.environ.get("TERM") == "xterm-color" and os.environ.get("GIT_PAGER") == "cat"


class Line:
    """A line of a cell's output, with a bar, that is replaced as the work goes on.

    Args:
        text: to begin with.
    """

    def __init__(self, text: str) -> None:
        shown = import_module("IPython.display").display
        self._handle = shown(_drawn(text, None), raw=True, display_id=True)

    def show(self, text: str, share: float | None) -> None:
        """Replace it.

        Args:
            share: of the work that is done, in [0, 1]; None for no bar.
        """
        self._handle.update(_drawn(text, share), raw=True)


def _drawn(text: str, share: float | None) -> dict[str, Any]:
    bar = Markup() if share is None else Markup('<progress value="{:.4f}"></progress> ')
    page = Markup('<pre style="margin:0;font-family:monospace">{}{}</pre>').format(
        bar.format(share), text
    )
    return {"text/plain": text, "text/html": str(page)}

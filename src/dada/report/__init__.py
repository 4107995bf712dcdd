"""Pages and pictures, made from run files alone.

The package behind each kind of run says what is on its page; `dada.write_report` writes any page.
"""

import warnings
from importlib import import_module
from typing import Any

from dada.report.samples import save_samples
from dada.report.sheet import contact_sheet
from dada.report.show import show
from dada.report.verdict import verdict

__all__ = ["contact_sheet", "save_samples", "show", "verdict"]


def __getattr__(name: str) -> Any:
    """`write_report`, which was here in 0.1 and is now in a module above this one."""
    if name != "write_report":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    warnings.warn(
        "dada.report.write_report is dada.write_report now", DeprecationWarning, stacklevel=2
    )
    return import_module("dada.reporting").write_report

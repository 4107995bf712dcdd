"""A run's files, and the loop that advances it."""

from dada.runs.callback import Callback, Callbacks
from dada.runs.folder import RunFolder
from dada.runs.loop import open_run, run_loop
from dada.runs.provenance import describe_data, describe_run, fingerprint, versions
from dada.runs.recall import Recalled, recall
from dada.runs.result import Result
from dada.runs.work import Work

__all__ = [
    "Callback",
    "Callbacks",
    "Recalled",
    "Result",
    "RunFolder",
    "Work",
    "describe_data",
    "describe_run",
    "fingerprint",
    "open_run",
    "recall",
    "run_loop",
    "versions",
]

"""What a run leaves behind."""

from dada.runs.folder import RunFolder
from dada.runs.provenance import describe_data, describe_run, fingerprint, versions
from dada.runs.resume import restore

__all__ = ["RunFolder", "describe_data", "describe_run", "fingerprint", "restore", "versions"]

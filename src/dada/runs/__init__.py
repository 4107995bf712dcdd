"""What a run leaves behind."""

from dada.runs.folder import RunFolder
from dada.runs.provenance import describe_data, describe_run, fingerprint, versions

__all__ = ["RunFolder", "describe_data", "describe_run", "fingerprint", "versions"]

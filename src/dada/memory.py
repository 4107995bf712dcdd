"""Moved: `dada.compute.memory`. This name goes with the next version."""

from warnings import warn

from dada.compute.memory import keep_freed_memory

__all__ = ["keep_freed_memory"]

warn("dada.memory has moved to dada.compute.memory", DeprecationWarning, stacklevel=2)

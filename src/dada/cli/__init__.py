"""The command line: one file a verb. Heavy imports wait until a verb runs."""

from dada.cli.main import main

__all__ = ["main"]

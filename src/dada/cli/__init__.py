"""The command line: one file per verb. Heavy imports wait until a verb runs."""

from dada.cli.main import main

__all__ = ["main"]

"""Searching by whole trainings: what an operation is worth once a network has learnt from it."""

from dada.searching.methods.trials.search import TrialSearch

__all__ = ["TrialSearch"]

"""The search by trials: the effect of an operation once a network has learnt from it."""

from dada.searching.methods.trials.method import TrialsMethod

__all__ = ["TrialsMethod"]

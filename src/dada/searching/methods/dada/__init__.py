"""DADA: the policy gradient at a horizon of one step, of a whole training, or between."""

from dada.searching.methods.dada.arms.method import Arms
from dada.searching.methods.dada.method import DadaMethod
from dada.searching.methods.dada.one_step.method import OneStep

__all__ = ["Arms", "DadaMethod", "OneStep"]

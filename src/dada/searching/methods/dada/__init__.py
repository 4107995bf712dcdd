"""DADA: the policy gradient, one step ahead."""

from dada.searching.methods.dada.one_step.method import DadaMethod

__all__ = ["DadaMethod"]

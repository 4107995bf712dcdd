"""DADA: the policy gradient, one step ahead."""

from dada.searching.methods.dada.method import DadaMethod

__all__ = ["DadaMethod"]

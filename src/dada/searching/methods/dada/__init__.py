"""DADA: the policy gradient, one step ahead."""

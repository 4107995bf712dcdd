"""DADA beyond one step: arms of a training, each under a policy of its own."""

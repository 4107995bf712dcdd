"""One network under one fixed policy, and the comparison of policies."""

from dada.training.compare import CompareWatcher, compare
from dada.training.settings import TrainSettings

__all__ = ["CompareWatcher", "TrainSettings", "compare"]

"""One network under one fixed policy, and the comparison of policies."""

from dada.training.compare import CompareWatcher, compare
from dada.training.evaluate import evaluate
from dada.training.run import TrainWatcher, train
from dada.training.settings import TrainSettings

__all__ = ["CompareWatcher", "TrainSettings", "TrainWatcher", "compare", "evaluate", "train"]

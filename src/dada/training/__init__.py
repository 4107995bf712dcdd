"""One network under one fixed augmentation."""

from dada.training.evaluate import evaluate
from dada.training.run import TrainWatcher, train
from dada.training.settings import TrainSettings

__all__ = ["TrainSettings", "TrainWatcher", "evaluate", "train"]

"""One network under one fixed augmentation."""

from dada.deprecation import former
from dada.training.evaluate import evaluate
from dada.training.run import train
from dada.training.settings import TrainSettings
from dada.training.work import TrainingWork

__all__ = ["TrainSettings", "TrainingWork", "evaluate", "train"]

__getattr__ = former(
    __name__,
    {
        "CompareWatcher": "dada.runs.watchers:CompareWatcher",
        "compare": "dada:compare",
        "TrainWatcher": "dada.runs.watchers:TrainWatcher",
    },
)

"""Where the numbers of a run are also kept: TensorBoard, MLflow, Weights & Biases. Each is a
callback: `dada.search(..., callback=MLflow())`."""

from dada.loggers.logger import Logger
from dada.loggers.mlflow import MLflow
from dada.loggers.tensorboard import TensorBoard
from dada.loggers.wandb import WandB

__all__ = ["Logger", "MLflow", "TensorBoard", "WandB"]

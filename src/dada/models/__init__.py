"""Child networks: the networks that a search or a training run trains."""

from dada.models.create import create, names, suggest
from dada.models.wide_resnet import WideResNet

__all__ = ["WideResNet", "create", "names", "suggest"]

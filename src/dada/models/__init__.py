"""Child networks: those that a search or a training trains."""

from dada.deprecation import former
from dada.models.create import check_name, create, names, suggest
from dada.models.detected import Detected
from dada.models.detector import Detector
from dada.models.proxy import Proxy
from dada.models.pyramid_net import PyramidNet
from dada.models.segmenter import Segmenter
from dada.models.shake_shake import ShakeShake
from dada.models.wide_resnet import WideResNet

__all__ = [
    "Detected",
    "Detector",
    "PyramidNet",
    "Proxy",
    "Segmenter",
    "ShakeShake",
    "WideResNet",
    "check_name",
    "create",
    "names",
    "suggest",
]

__getattr__ = former(__name__, {"Scout": "dada.models:Proxy"})

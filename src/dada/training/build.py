"""The network that settings describe."""

from __future__ import annotations

from typing import TypeVar

from torch import nn

from dada.errors import UserError
from dada.models import create
from dada.models.batch_norm import keep_statistics
from dada.names import PRETRAINED
from dada.training.backbone import start_backbone
from dada.training.network import NetworkSettings, ResolvedNetwork
from dada.training.settings import ResolvedTraining

AnySettings = TypeVar("AnySettings", bound=NetworkSettings)


def with_own_weights(settings: AnySettings, model: str | nn.Module | None) -> AnySettings:
    """The settings for a module of the user's, which starts from the weights that it has.

    Raises:
        UserError: a file of weights was asked for, too.
    """
    if not isinstance(model, nn.Module) or settings.weights is None:
        return settings
    if settings.weights != PRETRAINED:
        raise UserError("weights: a module starts from its own; load them into it")
    return settings.model_copy(update={"weights": None})


def network_of(
    settings: ResolvedNetwork, classes: int, channels: int, module: nn.Module | None = None
) -> nn.Module:
    """A network to train: with fresh weights from torch's global generator, or pre-trained ones.

    Args:
        module: the user's, which is then what is trained; None for the settings' network.

    Raises:
        UserError: as `dada.models.create`, or `dada.training.backbone.start_backbone`.
    """
    network = module
    if network is None:
        network = create(settings.model, classes, channels, settings.weights)
        if isinstance(settings, ResolvedTraining) and settings.backbone:
            start_backbone(network, settings.backbone)
    if settings.frozen_statistics:
        keep_statistics(network)
    return network

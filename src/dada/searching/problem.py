"""From data and settings to a new search."""

from __future__ import annotations

import copy

import torch
from torch import nn

from dada.compute.device import best_precision
from dada.compute.distributed import ALONE, Processes
from dada.compute.randomness import forked, stream
from dada.datasets import Dataset, at_most, reduced
from dada.searching.common_settings import ResolvedSearch
from dada.searching.engines import LOCAL, Engine
from dada.searching.method import SearchMethod, SearchProblem
from dada.searching.settings import method_for
from dada.searching.shrink import shrunk
from dada.tasks.network import check_network
from dada.training.build import network_of
from dada.training.hooks import NO_HOOKS, UserHooks
from dada.training.pipeline import pipeline_for


def problem_of(
    settings: ResolvedSearch,
    dataset: Dataset,
    model: str | nn.Module | None,
    device: torch.device,
    processes: Processes = ALONE,
    hooks: UserHooks = NO_HOOKS,
    engine: Engine = LOCAL,
) -> SearchProblem:
    """The problem that a search method is given.

    Args:
        model: a name, or a module of which copies are trained; None is the settings'.

    Raises:
        UserError: the network does not fit the images, or there are too few of them.
    """
    classes = dataset.classes
    chosen = dataset.train.subset(reduced(dataset.train.labels, settings.images, classes=classes))
    images = shrunk(chosen, settings.pixels)
    height, width = images.images.shape[2:]

    module = model if isinstance(model, nn.Module) else None

    number, channels = len(classes), dataset.channels  # an engine may send what follows elsewhere

    def network() -> nn.Module:
        return network_of(settings, number, channels, copy.deepcopy(module))

    validation = dataset.validation
    if validation is not None:
        few = validation.subset(at_most(validation.labels, settings.validated))
        validation = shrunk(few, settings.pixels)
    shape = (dataset.channels, height, width)
    with forked(device):
        users = module is not None
        check_network(
            network(), settings.model, images.task, number, shape, users, hooks.loss, tested=False
        )
    return SearchProblem(
        images=images,
        classes=classes,
        space=settings.space,
        pipeline=pipeline_for(settings, (height, width), hooks),
        network=network,
        loss=hooks.loss or images.task.loss(images.labels, settings.balance),
        device=device,
        precision=best_precision(device, settings.precision),
        processes=processes,
        validation=validation,
        engine=engine,
    )


def begin(settings: ResolvedSearch, problem: SearchProblem) -> SearchMethod:
    """A new search; seeds PyTorch's global generator for it."""
    torch.manual_seed(settings.seed)
    search = method_for(settings.model_dump())(problem, settings)
    # Initial weights are the same in all processes, the estimator's included; random layers draw
    # their own numbers.
    if rank := problem.processes.rank:
        torch.manual_seed(stream(settings.seed, 2 * rank))
    return search

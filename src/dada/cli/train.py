"""dada train"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from dada.cli import options as o
from dada.cli.checks import one_data
from dada.cli.common import Common
from dada.cli.start import Start
from dada.cli.terminal import terminal
from dada.errors import UserError
from dada.names import DATASETS, TRAIN_PRESETS, WEIGHTS, WITHOUT_SEARCH, recipe_names


def train(
    data: Annotated[
        str | None,
        typer.Argument(
            help=f"{o.DATA}. With --resume, a run folder. [the recipe's]",
            autocompletion=o.starting(DATASETS),
        ),
    ] = None,
    data_: o.DataOption = None,
    recipe: Annotated[
        str | None,
        typer.Option(
            help=f"{', '.join(TRAIN_PRESETS)} or a recipe (see `dada recipes`). [default]",
            autocompletion=o.RECIPE,
        ),
    ] = None,
    policy: Annotated[
        str | None,
        typer.Option(
            help=f"none, {', '.join(WITHOUT_SEARCH)}; or a published policy, a policy file or a "
            "run folder. [none]",
            autocompletion=o.POLICY_OR_METHOD,
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="Run folder. [runs/train/RECIPE-POLICY-SEED]")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, help="Seed of weights, order and draws. [0]")
    ] = None,
    backbone: o.Backbone = None,
    workers: Annotated[
        int | None,
        typer.Option(min=0, help="Processes that decode images which do not fit in memory."),
    ] = None,
    tensorboard: Annotated[
        bool, typer.Option("--tensorboard", help="The same as --log tensorboard.")
    ] = False,
    *,
    common: Common,
) -> None:
    """Train a network under a fixed policy.

    Example: dada train my_photos/ --policy runs/photos --epochs 100

    The settings are those of one of the paper's recipes, or your own.
    On several GPUs: torchrun --nproc-per-node 8 -m dada train ...
    """
    from dada.cli.progress import TrainProgress
    from dada.report.numbers import count
    from dada.training import train as run_train
    from dada.training.settings import TrainSettings, make_settings

    given = common.settings(TrainSettings.model_fields, backbone)
    kind, how = recipe or "default", Path(policy or "none").stem
    start = Start.of(
        "train",
        common,
        one_data(data, data_),
        out,
        usual_data=lambda: _data_of(kind),
        usual_out=lambda _: Path("runs") / "train" / f"{kind}-{how}-{seed or 0}",
    )
    arguments = start.arguments({"recipe": recipe, "policy": policy, "seed": seed, **given})
    settings = {k: v for k, v in arguments.items() if k not in ("recipe", "policy", "seed")}
    make_settings(arguments.get("recipe", "default"), **settings)  # fail fast, before loading data
    if tensorboard:
        common = replace(common, log=[*(common.log or []), "tensorboard"])
    loggers = common.loggers(start.out)
    device, dataset = start.device, start.load(files=True)
    with start.interruptible(TrainProgress(dataset.notes)) as progress:
        result = run_train(
            dataset,
            source=start.source,
            out=start.out,
            device=device,
            resume=common.resume,
            workers=workers,
            callback=[progress, *loggers],
            **arguments,
        )
    best, metric = result["best"], dataset.task.metric
    passed = count(result["epoch"], "epoch")
    terminal.say(f"{metric.title:<11} {result[metric.key]:.2%} after {passed}")
    terminal.say(
        f"{metric.superlative:<11} {best[metric.key]:.2%} in epoch {best['epoch']}, "
        "chosen on the test images"
    )
    terminal.say(f"weights     {start.out / WEIGHTS['last']}")
    terminal.say(f"report      {start.out / 'report.html'}")
    terminal.write_json(common.json_, result)


def _data_of(recipe: str) -> str:
    """The data that a recipe is for.

    Raises:
        UserError: it is for any data, or there is no such recipe.
    """
    from dada.training.recipes import recipes
    from dada.training.settings import make_settings

    make_settings(recipe)  # there may be none of that name
    if recipe not in recipe_names():
        raise UserError(f"recipe {recipe} has no data of its own: name the data, dada train DATA")
    return recipes()[recipe].receipt.data

"""dada train"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dada.cli import options as o
from dada.cli.terminal import terminal
from dada.names import DATASETS, TRAIN_PRESETS, WITHOUT_SEARCH


def train(
    recipe: Annotated[
        str,
        typer.Option(
            help=f"{', '.join(TRAIN_PRESETS)} or a recipe (see `dada recipes`).",
            autocompletion=o.RECIPE,
        ),
    ] = "default",
    policy: Annotated[
        str,
        typer.Option(
            help=f"none, {', '.join(WITHOUT_SEARCH)}; or a published policy, a policy file or a "
            "run folder.",
            autocompletion=o.POLICY_OR_METHOD,
        ),
    ] = "none",
    data: Annotated[
        str | None,
        typer.Option(help=f"{o.DATA} [the recipe's]", autocompletion=o.starting(DATASETS)),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="Run folder. [runs/train/RECIPE-POLICY-SEED]")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of weights, order and draws.")] = 0,
    model: o.Model = None,
    epochs: o.Epochs = None,
    batch: o.Batch = None,
    lr: o.Lr = None,
    images: o.Images = None,
    cutout: o.Cutout = None,
    side: o.Side = None,
    root: o.Root = None,
    device: o.Device = "auto",
    precision: o.Precision = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="Any other setting: ema=0.999."),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(min=0, help="Processes that decode images which do not fit in memory."),
    ] = None,
    tensorboard: Annotated[
        bool, typer.Option("--tensorboard", help="Also log for TensorBoard.")
    ] = False,
    resume: o.Resume = False,
    json_: o.Json = None,
) -> None:
    """Train a network under a fixed policy, by one of the paper's recipes or your own settings.

    Example: dada train --recipe cifar10-wrn-40-2 --policy dada-cifar10

    On several GPUs: torchrun --nproc-per-node 8 -m dada train ...
    """
    from dada.cli.progress import TrainProgress
    from dada.compute.device import pick_device
    from dada.errors import UserError
    from dada.training import train as run_train
    from dada.training.recipes import recipes
    from dada.training.settings import TrainSettings, make_settings

    given = {
        "model": model,
        "epochs": epochs,
        "batch": batch,
        "lr": lr,
        "images": images,
        "cutout": cutout,
        "precision": precision,
        **o.extra_settings(set_, TrainSettings.model_fields),
    }
    make_settings(recipe, **given)  # what is wrong with these is said before a long load
    pick_device(device)
    o.check_model(model)
    if data is None and recipe not in recipes():
        raise UserError(f"recipe {recipe} has no data of its own: give the images by --data")
    source = recipes()[recipe].receipt.data if data is None else data
    dataset = o.open_data(source, side, root, files=True)
    out = out or Path("runs") / "train" / f"{recipe}-{Path(policy).stem}-{seed}"
    o.check_outside(out, source)
    with TrainProgress() as progress:
        try:
            result = run_train(
                dataset,
                policy,
                recipe=recipe,
                seed=seed,
                source=source,
                out=out,
                device=device,
                resume=resume,
                workers=workers,
                tensorboard=tensorboard,
                callback=progress,
                **given,
            )
        except KeyboardInterrupt:
            progress.stop()
            terminal.say(
                f"stopped after epoch {progress.epochs_done}; go on with the same command and "
                f"--resume (run folder {out})"
            )
            raise typer.Exit(130) from None
    best, metric = result["best"], dataset.task.metric
    terminal.say(f"{metric.title:<11} {result[metric.key]:.2%} after {result['epoch']} epochs")
    terminal.say(
        f"{metric.superlative:<11} {best[metric.key]:.2%} in epoch {best['epoch']}, "
        "chosen on the test images"
    )
    terminal.say(f"weights     {out / 'last.pt'}")
    terminal.say(f"report      {out / 'report.html'}")
    terminal.write_json(json_, result)

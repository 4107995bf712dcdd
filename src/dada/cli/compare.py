"""dada compare"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from dada.cli import options as o
from dada.cli.terminal import terminal
from dada.errors import printable
from dada.names import TRAIN_PRESETS


def compare(
    data: o.Data = "digits",
    policy: Annotated[
        list[str] | None,
        typer.Option(
            help="A published name, a policy file or a run folder; may be repeated.",
            autocompletion=o.POLICY,
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="Run folder. [runs/NAME-compare]")
    ] = None,
    seeds: Annotated[
        int, typer.Option(min=1, help="Trainings per row; 3 or more tell something.")
    ] = 3,
    preset: Annotated[
        str,
        typer.Option(
            help=f"{', '.join(TRAIN_PRESETS)} or a recipe (see `dada recipes`).",
            autocompletion=o.RECIPE,
        ),
    ] = "default",
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
        typer.Option("--set", metavar="NAME=VALUE", help="Any other setting: weight_decay=0.001."),
    ] = None,
    resume: o.Resume = False,
    json_: o.Json = None,
) -> None:
    """Does it help? Train the same network from the same seeds under each augmentation.

    Example: dada compare my_photos/ --policy runs/photos -o runs/photos/compare

    Rows: crop and flip alone; the same with Cutout, for images of 24 to 64 pixels; each policy;
    RandAugment, TrivialAugment, and the uniform policy of the search space, which need no search.
    Errors are on the test images. A policy helps if it is better than all that needs no search.
    """
    from dada.cli.progress import CompareProgress
    from dada.comparison import compare as run_compare
    from dada.compute.device import pick_device
    from dada.training.settings import TrainSettings, choose_images, make_settings

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
    asked = make_settings(preset, **given)  # what is wrong with these is said before a long load
    pick_device(device)
    o.check_model(model)
    dataset = o.open_data(data, side, root, choose=partial(choose_images, asked))
    out = out or Path("runs") / f"{dataset.name}-compare"
    o.check_outside(out, data)
    with CompareProgress(dataset.notes) as progress:
        try:
            result = run_compare(
                dataset,
                policy or [],
                source=data,
                seeds=seeds,
                out=out,
                preset=preset,
                device=device,
                resume=resume,
                callback=progress,
                **given,
            )
        except KeyboardInterrupt:
            progress.stop()
            terminal.say(f"stopped; go on with the same command and --resume (run folder {out})")
            raise typer.Exit(130) from None
    print_table(result)
    terminal.say(f"report  {out / 'report.html'}")
    terminal.write_json(json_, result)


def print_table(result: dict[str, Any]) -> None:
    """Results with their intervals and paired differences, in per cent."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from dada.report.gaps import held
    from dada.report.verdict import verdict
    from dada.tasks import metric_recorded

    metric, console = metric_recorded(result), Console(highlight=False, emoji=False)
    table = Table(
        title=f"{metric.heading} (mean ± 95 % interval over {held(result)})",
        title_justify="left",
    )
    for column in ("augmentation", metric.title, f"vs {result['baseline']}"):
        table.add_column(column, justify="left" if column == "augmentation" else "right")
    for row in result["rows"]:
        is_baseline = row["name"] == result["baseline"]
        table.add_row(
            Text(printable(row["name"])),
            _plus_minus(row["mean"], row["interval"]),
            "" if is_baseline else _plus_minus(row["difference"], row["difference_interval"], "+"),
        )
    console.print(table)
    for line in verdict(result):
        terminal.say(line)


def _plus_minus(value: float, interval: float | None, sign: str = "") -> str:
    text = format(100 * value, f"{sign}.2f")
    return text if interval is None else f"{text} ± {100 * interval:.2f}"

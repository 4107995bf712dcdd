"""dada compare"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from dada.cli import options as o
from dada.cli.common import Common
from dada.cli.start import Start
from dada.cli.terminal import terminal
from dada.errors import UserError, printable
from dada.names import TRAIN_PRESETS


def compare(
    data: o.DataOrRun = None,
    policy: Annotated[
        list[str] | None,
        typer.Option(
            help="A published policy, a policy file or a run folder; may be repeated.",
            autocompletion=o.POLICY,
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="Run folder. [runs/NAME-compare]")
    ] = None,
    seeds: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Training runs per row; intervals need 3 or more. [3, or as --budget allows]",
        ),
    ] = None,
    add_seeds: Annotated[
        int | None,
        typer.Option(
            min=1, help="Go on with a comparison, its folder as DATA: so many more seeds."
        ),
    ] = None,
    budget: Annotated[
        str | None,
        typer.Option(
            help="Time that the comparison may take: 20m, 90s, 1h. What you do not set is chosen "
            "to fit. [30m]"
        ),
    ] = None,
    stop_early: Annotated[
        bool,
        typer.Option(
            "--stop-early",
            help="End once the answer is certain, or cannot become so; with --budget as well.",
        ),
    ] = False,
    preset: Annotated[
        str | None,
        typer.Option(
            help=f"{', '.join(TRAIN_PRESETS)} or a recipe (see `dada recipes`). [default]",
            autocompletion=o.RECIPE,
        ),
    ] = None,
    backbone: o.Backbone = None,
    *,
    common: Common,
) -> None:
    """Does it help? Train one network under each augmentation.

    Example: dada compare my_photos/ --policy runs/photos -o runs/photos/compare

    Rows: crop and flip alone; the same with Cutout, for images of 24 to 64 pixels; each policy;
    RandAugment, TrivialAugment, and the uniform policy of the search space, which need no search.
    All are trained from the same seeds and tested on the test images. A policy helps if it beats
    every row that needs no search.

    Without --budget, a comparison whose size you leave open is chosen to take half an hour at most.
    """
    from dada.deadline import Deadline

    deadline = None if budget is None else Deadline.of(budget)  # what follows takes time too
    from dada.cli.progress import CompareProgress
    from dada.comparison import compare as run_compare
    from dada.comparison.request import left_open
    from dada.datasets import name_of
    from dada.training.settings import TrainSettings, choose_images, make_settings

    if add_seeds is not None:
        if seeds is not None or budget is not None:
            raise UserError("--add-seeds goes on with a comparison: without --seeds and --budget")
        common = replace(common, resume=True)
    given = common.settings((*TrainSettings.model_fields, "pixels"), backbone)
    start = Start.of(
        "compare",
        common,
        data,
        out,
        usual_data=lambda: "digits",
        usual_out=lambda source: Path("runs") / f"{name_of(source)}-compare",
    )
    arguments = start.arguments({"preset": preset, "policies": policy, "seeds": seeds, **given})
    if add_seeds is not None:
        arguments.pop("seeds", None)  # the run knows how many it has
    others = ("policies", "seeds", "pixels")
    settings = {k: v for k, v in arguments.items() if k not in others}
    asked, device = make_settings(**settings), start.device  # fail fast, before loading data
    loggers = common.loggers(start.out)
    dataset = start.load(choose=partial(choose_images, asked))
    rehearses = budget is not None or left_open(asked, arguments)
    with start.interruptible(CompareProgress(dataset.notes)) as progress:
        if rehearses and not common.resume:
            progress.say("timing a few steps of training, to choose what fits")
        result = run_compare(
            dataset,
            source=start.source,
            out=start.out,
            device=device,
            resume=common.resume,
            side=common.side,
            add_seeds=add_seeds or 0,
            budget=deadline,
            stop_early=stop_early,
            callback=[progress, *loggers],
            **arguments,
        )
    print_table(result)
    terminal.say(f"report  {start.out / 'report.html'}")
    terminal.write_json(common.json_, result)


def print_table(result: dict[str, Any]) -> None:
    """Results with intervals and paired differences, in per cent."""
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
    if "stopped" in result:
        terminal.say(f"Stopped {result['stopped']}.")
    for line in verdict(result):
        terminal.say(line)


def _plus_minus(value: float, interval: float | None, sign: str = "") -> str:
    text = format(100 * value, f"{sign}.2f")
    return text if interval is None else f"{text} ± {100 * interval:.2f}"

"""dada evaluate"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dada.cli import options as o
from dada.cli.checks import one_data
from dada.cli.terminal import check_writable, terminal
from dada.names import DATASETS

_WORST = 5


def evaluate(
    run: Annotated[Path, typer.Argument(help="A run folder of `dada train`.")],
    data: Annotated[
        str | None,
        typer.Argument(
            help=f"Other data, whose test images are used: {o.DATA}. [the run's]",
            autocompletion=o.starting(DATASETS),
        ),
    ] = None,
    data_: o.DataOption = None,
    weights: Annotated[
        str, typer.Option(help="last, or best: those of the best epoch on the test images.")
    ] = "last",
    page: Annotated[
        Path | None, typer.Option("-o", "--page", help="Page to write. [RUN/evaluation.html]")
    ] = None,
    side: o.Side = None,
    root: o.Root = None,
    device: o.Device = "auto",
    json_: o.Json = None,
) -> None:
    """Test the network of a training run, class by class.

    Example: dada evaluate runs/train/cifar10-wrn-40-2-dada-cifar10-0
    """
    from dada.cli.progress import EvaluateProgress
    from dada.compute.device import pick_device
    from dada.runs import RunFolder
    from dada.tasks import TASKS, task_recorded
    from dada.training import evaluate as run_evaluate
    from dada.training import evaluation_words as words
    from dada.training.evaluation_page import EVALUATION

    data, folder = one_data(data, data_), RunFolder.open(run)
    page = page or run / EVALUATION
    check_writable(page)
    with EvaluateProgress(pick_device(device)) as progress:
        found = run_evaluate(
            run,
            data,
            weights=weights,
            device=device,
            side=side,
            root=root,
            page=page,
            on_batch=progress.on_batch,
        )
    for note in found["notes"]:
        terminal.say(f"note: {note}")
    task = task_recorded(folder.config["data"]) or TASKS[0]
    metric = task.metric
    terminal.say(f"{metric.title:<11} {found[metric.key]:.2%} of {found['test_images']} images")
    for key, called in task.further.items():
        if found[key] is not None:
            terminal.say(f"{called.removesuffix(' error'):<11} {found[key]:.2%}")
    terminal.say(f"loss        {found['test_loss']:.4f}")
    for number, line in enumerate(words.worst_in_words(found, metric, _WORST)):
        terminal.say(f"{'' if number else 'worst':<11} {line}")
    if "calibration" in found:
        calibration = words.calibration_in_brief(found["calibration"], found["test_loss"])
        terminal.say(f"calibration {calibration}")
    terminal.say(f"page        {page}")
    terminal.write_json(json_, found)

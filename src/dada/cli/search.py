"""dada search"""

from __future__ import annotations

import json
import shlex
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from dada.cli import options as o
from dada.cli.terminal import terminal
from dada.names import SEARCH_PRESETS


def search(
    data: o.Data = "digits",
    out: Annotated[Path | None, typer.Option("-o", "--out", help="Run folder. [runs/NAME]")] = None,
    preset: Annotated[
        str,
        typer.Option(
            help=f"{', '.join(f'{name} ({what})' for name, what in SEARCH_PRESETS.items())}.",
            autocompletion=o.starting(SEARCH_PRESETS),
        ),
    ] = "default",
    seed: Annotated[int, typer.Option(min=0, help="One seed, one policy.")] = 0,
    model: o.Model = None,
    epochs: o.Epochs = None,
    batch: o.Batch = None,
    lr: o.Lr = None,
    images: o.Images = None,
    cutout: o.Cutout = None,
    estimator: Annotated[
        str | None, typer.Option(help="critic, reinforce, relax or gumbel-softmax.")
    ] = None,
    operations: Annotated[
        str | None, typer.Option(help="Operations to search, e.g. Rotate,Color,Cutout. [all 15]")
    ] = None,
    keep: Annotated[int | None, typer.Option(help="Sub-policies that the policy keeps.")] = None,
    budget: Annotated[
        str | None,
        typer.Option(help="Time that the search may take: 5m, 90s, 1h. [as long as it takes]"),
    ] = None,
    side: o.Side = None,
    root: o.Root = None,
    device: o.Device = "auto",
    precision: o.Precision = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="Any other setting: policy_lr=0.01."),
    ] = None,
    resume: o.Resume = False,
    json_: o.Json = None,
) -> None:
    """Search a policy for labelled images.

    Example: dada search my_photos/ -o runs/photos

    The run folder gets config.json, events.jsonl, checkpoint.pt, policy.json and report.html.
    A stopped search goes on with --resume.
    """
    from dada.deadline import Deadline

    deadline = None if budget is None else Deadline.of(budget)  # what follows takes time too
    from dada.cli.progress import SearchProgress
    from dada.compute.device import pick_device
    from dada.policy import dumps
    from dada.searching import search as run_search
    from dada.searching.settings import Settings, choose_images, make_settings

    given = {
        "model": model,
        "epochs": epochs,
        "batch": batch,
        "lr": lr,
        "images": images,
        "cutout": cutout,
        "estimator": estimator,
        "operations": tuple(n.strip() for n in operations.split(","))
        if operations is not None
        else None,
        "keep": keep,
        "precision": precision,
        **o.extra_settings(set_, Settings.model_fields),
    }
    asked = make_settings(preset, **given)  # what is wrong with these is said before a long load
    pick_device(device)
    o.check_model(model)
    dataset = o.open_data(data, side, root, choose=partial(choose_images, asked))
    out = out or Path("runs") / dataset.name
    o.check_outside(out, data)
    with SearchProgress(dataset.notes) as progress:
        try:
            policy = run_search(
                dataset,
                source=data,
                out=out,
                preset=preset,
                device=device,
                resume=resume,
                callback=progress,
                seed=seed,
                budget=deadline,
                **given,
            )
        except KeyboardInterrupt:
            progress.stop()
            terminal.say(_stopped(out, progress.unit, progress.epochs_done))
            raise typer.Exit(130) from None
    terminal.say(policy.describe(limit=5, side=dataset.side))
    terminal.say(f"policy  {out / 'policy.json'}")
    terminal.say(f"report  {out / 'report.html'}")
    question, tried = "does it help?", ["--policy", str(out)]
    if policy.is_none:  # which is crop and flip, a row of every comparison
        terminal.say(
            "more images or a longer search may find a policy; "
            "RandAugment and TrivialAugment need no search"
        )
        question, tried = "do they help?", []
    words = ["dada", "compare", data, *tried, "-o", out / "compare"]
    words += ["--side", side] if side else []
    words += ["--cutout", cutout] if cutout else []
    words += ["--root", root] if root else []
    terminal.say(f"{question}  {shlex.join(map(str, words))}")
    terminal.write_json(json_, json.loads(dumps(policy)))


def _stopped(out: Path, unit: str, epochs_done: int) -> str:
    if not epochs_done:
        return (
            f"stopped before the first {unit} was over, so {out} has no policy yet; "
            "go on with the same command and --resume"
        )
    return (
        f"stopped after {unit} {epochs_done}: the policy so far is {out / 'policy.json'}; "
        "go on with the same command and --resume"
    )

"""dada search"""

from __future__ import annotations

import json
import shlex
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dada.cli import options as o
from dada.cli.common import Common
from dada.cli.start import Start
from dada.cli.terminal import terminal
from dada.names import PRETRAINED, SEARCH_METHODS, SEARCH_PRESETS

if TYPE_CHECKING:
    from dada.policy import AnyPolicy
    from dada.searching.common_settings import SearchSettings

_WITHOUT_SEARCH = ("RandAugment", "TrivialAugment")


def search(
    data: o.DataOrRun = None,
    out: Annotated[Path | None, typer.Option("-o", "--out", help="Run folder. [runs/NAME]")] = None,
    preset: Annotated[
        str | None,
        typer.Option(
            help=f"{', '.join(f'{name} ({what})' for name, what in SEARCH_PRESETS.items())}. "
            "[default]",
            autocompletion=o.starting(SEARCH_PRESETS),
        ),
    ] = None,
    method: Annotated[
        str | None,
        typer.Option(
            help=f"{', '.join(f'{name} ({what})' for name, what in SEARCH_METHODS.items())}. "
            "[the preset's]",
            autocompletion=o.starting(SEARCH_METHODS),
        ),
    ] = None,
    horizon: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=1,
            help="How far ahead a reward of method dada looks: 0 is one step, 1 a whole training. "
            "[the preset's]",
        ),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, help="The same seed finds the same policy. [0]")
    ] = None,
    estimator: Annotated[
        str | None,
        typer.Option(
            help="Gradient estimator at a horizon of 0: critic, reinforce, relax or gumbel-softmax."
        ),
    ] = None,
    operations: Annotated[
        str | None, typer.Option(help="Operations to search, e.g. Rotate,Color,Cutout. [all 15]")
    ] = None,
    keep: Annotated[
        int | None, typer.Option(help="Number of leading sub-policies that the policy keeps.")
    ] = None,
    budget: Annotated[
        str | None, typer.Option(help="Time that the search may take: 5m, 90s, 1h. [no limit]")
    ] = None,
    engine: Annotated[
        str,
        typer.Option(
            help="Where trials run: local; ray, a Ray cluster of this machine; or ray:HOST:PORT, "
            "the cluster of that head node (ray:auto: the one that this machine belongs to)."
        ),
    ] = "local",
    *,
    common: Common,
) -> None:
    """Search for a policy for labelled images.

    Example: dada search my_photos/ -o runs/photos

    The run folder gets config.json, events.jsonl, checkpoint.pt, policy.json and report.html.
    Resume a stopped search with: dada search --resume runs/photos
    """
    from dada.deadline import Deadline

    deadline = None if budget is None else Deadline.of(budget)  # what follows takes time too
    from dada.cli.progress import SearchProgress
    from dada.datasets import name_of
    from dada.policy import dumps
    from dada.searching import search as run_search
    from dada.searching.engines import open_engine
    from dada.searching.settings import (
        check_divisible,
        check_resumable,
        choose_images,
        known_settings,
        make_settings,
    )

    given = common.settings(known_settings())
    start = Start.of(
        "search",
        common,
        data,
        out,
        usual_data=lambda: "digits",
        usual_out=lambda source: Path("runs") / name_of(source),
    )
    if common.resume:
        check_resumable(start.out)
    names = None if operations is None else tuple(n.strip() for n in operations.split(","))
    own = {"preset": preset, "method": method, "horizon": horizon, "seed": seed, "keep": keep}
    kinds = {"estimator": estimator, "operations": names}
    settings = start.arguments({**own, **kinds, **given})
    asked, device = make_settings(**settings), start.device  # fail fast, before loading data
    loggers = common.loggers(start.out)
    check_divisible(asked, engine)
    with open_engine(engine) as running_on:
        if where := running_on.words():
            terminal.note(f"trials run on {where}")
        dataset = start.load(choose=partial(choose_images, asked))
        again = () if engine == "local" else ("--engine", engine)
        with start.interruptible(SearchProgress(dataset.notes), again) as progress:
            policy = run_search(
                dataset,
                source=start.source,
                out=start.out,
                device=device,
                resume=common.resume,
                callback=[progress, *loggers],
                budget=deadline,
                engine=running_on,
                **settings,
            )
    terminal.say(policy.describe(limit=5, side=dataset.side))
    terminal.say(f"policy  {start.out / 'policy.json'}")
    terminal.say(f"report  {start.out / 'report.html'}")
    terminal.say(_next(start, policy, asked))
    terminal.write_json(common.json_, json.loads(dumps(policy)))


def _next(start: Start, policy: AnyPolicy, asked: SearchSettings) -> str:
    """The comparison that tells whether the policy helps: by the network that will be used, if
    trials started from its weights."""
    from dada.searching.settings import method_for

    question, given_policy = "does it help?", ["--policy", start.out]
    if policy.is_none:  # which is crop and flip, a row of every comparison
        settings = policy.provenance["settings"]
        tried = method_for(settings).no_better(settings)
        for said in tried.values():
            terminal.say(said)
        others = [name for name in _WITHOUT_SEARCH if name not in tried]
        terminal.say(
            "more images or a longer search may find a policy; "
            f"{' and '.join(others)} {'needs' if len(others) == 1 else 'need'} no search"
        )
        question, given_policy = "does it help?" if len(others) == 1 else "do they help?", []
    words = ["dada", "compare", start.source, *given_policy, "-o", start.out / "compare"]
    given = start.common
    for name, value in (("side", given.side), ("cutout", given.cutout), ("root", given.root)):
        words += [f"--{name}", value] if value else []
    if asked.weights:
        words += ["--model", asked.model] if asked.model else []
        words += ["--pretrained"] if asked.weights == PRETRAINED else ["--weights", asked.weights]
    return f"{question}  {shlex.join(map(str, words))}"

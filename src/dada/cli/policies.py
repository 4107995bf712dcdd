"""dada policies"""

from __future__ import annotations

from typing import Annotated

import typer

from dada.cli import options as o
from dada.cli.terminal import terminal


def policies(
    policy: Annotated[
        str | None,
        typer.Argument(
            help="The policy to describe: a published one, a policy file or a run folder.",
            autocompletion=o.POLICY,
        ),
    ] = None,
    limit: Annotated[
        int, typer.Option(min=1, help="Number of sub-policies, or stages, to describe.")
    ] = 25,
    side: Annotated[
        int | None, typer.Option(min=1, help="Side of your images, to give lengths in pixels.")
    ] = None,
    epoch: o.Epoch = None,
    json_: o.Json = None,
) -> None:
    """List the published policies, or describe one in real units.

    Example: dada policies dada-cifar10
    """
    import json

    from dada.policy import dumps, load_policy, published_names

    if policy:
        chosen = load_policy(policy)
        if epoch is not None:
            chosen = chosen.chosen(epoch)
        terminal.say(chosen.describe(limit, side))
        terminal.write_json(json_, json.loads(dumps(chosen)))
        return
    known = {name: load_policy(name) for name in published_names()}
    for name, chosen in known.items():
        source = chosen.provenance.get("source", "")
        terminal.say(f"{name:<26} {chosen.size:<24} {source}")
    terminal.write_json(json_, list(known))

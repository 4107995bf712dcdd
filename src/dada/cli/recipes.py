"""dada recipes"""

from __future__ import annotations

from typing import Annotated

import typer

from dada.cli.options import starting
from dada.cli.terminal import terminal
from dada.names import recipe_names


def recipes(
    name: Annotated[
        str | None,
        typer.Argument(help="The recipe to show.", autocompletion=starting(recipe_names())),
    ] = None,
) -> None:
    """List the paper's final trainings, or show one in full.

    Example: dada recipes cifar10-wrn-40-2
    """
    from dada.errors import UserError
    from dada.training.recipes import recipes as all_recipes

    found = all_recipes()
    if name is None:
        for key, recipe in found.items():
            error = recipe.receipt.paper.get("dada")
            paper = f"paper, DADA: {error} %" if error else ""
            terminal.say(f"{key:32} {recipe.receipt.title:58} {paper}".rstrip())
        return
    if name not in found:
        raise UserError(f"no recipe {name!r}; there are {', '.join(found)}")
    receipt = found[name].receipt
    terminal.say(receipt.title)
    terminal.say(f"  {receipt.command}")
    terminal.say(f"  cost: {receipt.cost}")
    if receipt.claim:
        terminal.say(f"  the paper: {receipt.claim}")
    for departure in receipt.departures:
        terminal.say(f"  other than in the paper: {departure}")
    for kind, errors in (("", receipt.paper), ("top-5 ", receipt.paper_top5)):
        listed = ", ".join(f"{key} {value}" for key, value in errors.items())
        if listed or not (kind or receipt.claim):
            terminal.say(f"  {kind}test error in the paper, %: {listed or 'none given'}")
    terminal.say(f"  ours: {receipt.ours}")
    for key, value in found[name].settings.items():
        terminal.say(f"  {key} = {value}")

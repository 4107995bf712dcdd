"""The paper's final trainings as data: one TOML file each, opening with its receipt."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

from pydantic import BaseModel, ConfigDict

from dada.names import recipe_names


class Receipt(BaseModel):
    """What a recipe costs, and what it achieves.

    Attributes:
        title: network and data.
        command: the command that runs it.
        data: the dataset it is for.
        policy: the published policy in the paper's row; of a transfer "none".
        backbone: the recipe whose weights the network's backbone starts from; empty for none.
        paper: the paper's test error in per cent, by augmentation.
        paper_top5: the paper's top-5 error, likewise.
        claim: what the paper says of the training in words.
        departures: where the training differs from the paper's.
        cost: work and memory, and how they were determined.
        ours: what was measured with this program, and how.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str
    command: str
    data: str
    policy: str
    backbone: str = ""
    paper: dict[str, str]
    paper_top5: dict[str, str] = {}
    claim: str = ""
    departures: tuple[str, ...] = ()
    cost: str
    ours: str = "not run"


class Recipe(BaseModel):
    """A receipt, and the settings (`dada.training.settings.TrainSettings`) behind it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    receipt: Receipt
    settings: dict[str, Any]


@cache
def recipes() -> dict[str, Recipe]:
    """The recipes that come with the package, by name."""
    texts = {n: (files(__package__) / f"{n}.toml").read_text("utf-8") for n in recipe_names()}
    return {name: Recipe(**tomllib.loads(text)) for name, text in texts.items()}

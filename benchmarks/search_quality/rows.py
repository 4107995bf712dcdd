"""What is compared: augmentations without a search, searches, and policies found elsewhere."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dada.names import SEARCH_PRESETS, published_policies
from dada.policy import Policy, Scale, SearchSpace, load_policy

FIXED = ("none", "uniform", "trivialaugment")
SHORT = {"autoaugment": "autoaugment-cifar10"}


@dataclass(frozen=True)
class Row:
    """One row.

    Attributes:
        name: in tables.
        policy: what every search's policy is, for a row without a search.
        files: policies that were found elsewhere, one per search.
        settings: of `dada.search`, for a row with a search.
    """

    name: str
    policy: Policy | None = None
    files: tuple[Path, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def searched(self) -> bool:
        """Whether its policy depends on a search."""
        return self.policy is None


def row_of(text: str) -> Row:
    """The row that an argument describes.

    Examples:
        >>> row_of("half=horizon=0.5,folds=4").settings
        {'preset': 'default', 'horizon': 0.5, 'folds': 4}
    """
    name, _, rest = text.partition("=")
    if not rest:
        return _named(name)
    if rest.endswith(".json"):
        return Row(name, files=tuple(map(Path, rest.split("+"))))
    pairs = (part.partition("=") for part in rest.split(","))
    return Row(name, settings={"preset": "default"} | {k: _value(v) for k, _, v in pairs})


def _named(name: str) -> Row:
    if name == "none":
        return Row(name, Policy.none())
    if name == "uniform":
        return Row(name, SearchSpace(scale=Scale("strength")).uniform())
    published = SHORT.get(name, name)
    if published in published_policies():
        return Row(name, load_policy(published))
    if name in SEARCH_PRESETS:
        return Row(name, settings={"preset": name})
    raise SystemExit(
        f"no row {name!r}: there are {', '.join((*FIXED, *SHORT, *SEARCH_PRESETS))}, published "
        "policies, LABEL=SETTING=VALUE,… and LABEL=FILE.json"
    )


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text

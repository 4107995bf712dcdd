"""What is compared: augmentations without a search, searches, and policies found elsewhere."""

from __future__ import annotations

import json
from argparse import ArgumentTypeError
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dada.datasets import Dataset
from dada.errors import UserError
from dada.names import SEARCH_PRESETS, WITHOUT_SEARCH, published_policies
from dada.ops import get
from dada.searching import make_settings
from dada.training.augmentations import Method, method, space_for

FIXED = ("none", *WITHOUT_SEARCH)
SHORT = {"autoaugment": "autoaugment-cifar10"}


@dataclass(frozen=True)
class Row:
    """One row.

    Attributes:
        name: in tables.
        fixed: a name or a file of `dada train --policy`, for a row with one policy.
        files: policies that were found elsewhere, one per search.
        settings: of `dada.search`, for a row with searches.
    """

    name: str
    fixed: str = ""
    files: tuple[Path, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def searched(self) -> bool:
        """Whether it has a policy per search."""
        return not self.fixed

    def method(self, dataset: Dataset) -> Method:
        """The augmentation of a row with one policy.

        Raises:
            UserError: it holds an operation that changes only colour images, and these are not.
        """
        found = method(self.fixed, space_for(dataset.channels))
        names = found.policy.reach() if found.policy else {}
        if dataset.channels != 3 and any(get(name).rgb_only for name in names):
            raise UserError(f"row {self.name}: its policy is for colour images")
        return found


def row_of(text: str) -> Row:
    """The row that an argument describes.

    Raises:
        ArgumentTypeError: there is no such row, or its settings are wrong.

    Examples:
        >>> row_of("half=horizon=0.5,folds=4").settings
        {'preset': 'default', 'horizon': 0.5, 'folds': 4}
    """
    name, _, rest = text.partition("=")
    if rest.endswith(".json"):
        files = tuple(map(Path, rest.split("+")))
        return Row(name, files=files) if len(files) > 1 else Row(name, fixed=rest)
    if not rest and (name in FIXED or SHORT.get(name, name) in published_policies()):
        return Row(name, fixed=SHORT.get(name, name))
    if not rest and name not in SEARCH_PRESETS:
        raise ArgumentTypeError(
            f"no row {name!r}: there are {', '.join((*FIXED, *SHORT, *SEARCH_PRESETS))}, published "
            "policies, LABEL=SETTING=VALUE,… and LABEL=FILE.json"
        )
    pairs = (part.partition("=") for part in rest.split(",")) if rest else [("preset", "=", name)]
    settings = {"preset": "default"} | {k: _value(v) for k, _, v in pairs}
    try:
        make_settings(**settings)
    except UserError as error:
        raise ArgumentTypeError(f"{name}: {error}") from None
    return Row(name, settings=settings)


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text

"""Whose class is whose: the data's labels as the outputs of a network that was trained before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from unicodedata import normalize

from torch import Tensor, nn

from dada.datasets import Dataset, FileDataset
from dada.errors import UserError, listed


class Matched(NamedTuple):
    """How data's classes and a network's outputs belong together.

    Attributes:
        outputs: for each class of the data, the number of the network's output.
        notes: what is to be known of the match.
    """

    outputs: list[int]
    notes: tuple[str, ...]


class Outputs(nn.Module):
    """Those of a network's outputs, (B, all) to (B, chosen), that data have labels for."""

    def __init__(self, chosen: Sequence[int]) -> None:
        super().__init__()
        self.chosen = list(chosen)

    def forward(self, logits: Tensor) -> Tensor:
        """See the class."""
        return logits[:, self.chosen]


def match(data: Dataset | FileDataset, classes: Sequence[str], whose: str) -> Matched:
    """Match the classes of data by name with those that a network was trained on.

    Args:
        classes: the names of the network's outputs.
        whose: what messages call the network.

    Raises:
        UserError: the data have a class that the network does not know.
    """
    theirs, own = [_plain(name) for name in classes], [_plain(name) for name in data.classes]
    if own == theirs:
        return Matched(list(range(len(own))), ())
    if _numbers(own) != _numbers(theirs) and len(own) == len(theirs) and not set(own) & set(theirs):
        unnamed = data.name if _numbers(own) else whose
        note = f"{unnamed} has numbers for class names: classes are matched by number"
        return Matched(list(range(len(own))), (note,))
    for names, what in ((own, data.name), (theirs, whose)):
        if len(set(names)) < len(names):
            raise UserError(f"{what} has several classes of one name: they cannot be matched")
    if unknown := [name for name in own if name not in theirs]:
        missing = [name for name in theirs if name not in own]
        instead = f"; {data.name} has no {listed(missing)}" if missing else ""
        classes = "class" if len(unknown) == 1 else "classes"
        raise UserError(
            f"{data.name} has the {classes} {listed(unknown)}, which {whose} was not trained on"
            f"{instead}: class names must be the same"
        )
    notes = []
    if len(own) < len(theirs):
        notes.append(f"{data.name} has {len(own)} of the network's {len(theirs)} classes")
    return Matched([theirs.index(name) for name in own], tuple(notes))


def _plain(name: str) -> str:
    """The same letters in the same bytes: file systems differ in how they write an accent."""
    return normalize("NFC", name)


def _numbers(names: Sequence[str]) -> bool:
    """Whether classes have no names but the numbers of their labels."""
    return list(names) == [str(number) for number in range(len(names))]

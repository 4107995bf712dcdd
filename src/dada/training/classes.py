"""Match the classes of data with the outputs of a trained network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from unicodedata import normalize

from torch import Tensor, nn

from dada.datasets import Dataset, FileDataset
from dada.errors import UserError, listed


class Matched(NamedTuple):
    """How the classes of data and the outputs of a network belong together.

    Attributes:
        outputs: for each class of the data, the index of the network's output.
        notes: what a user should know about the match.
    """

    outputs: list[int]
    notes: tuple[str, ...]


class Outputs(nn.Module):
    """The outputs, (B, all) to (B, chosen), that the data have labels for."""

    def __init__(self, chosen: Sequence[int]) -> None:
        super().__init__()
        self.chosen = list(chosen)

    def forward(self, logits: Tensor) -> Tensor:
        """See the class."""
        return logits[:, self.chosen]


def match(data: Dataset | FileDataset, classes: Sequence[str], whose: str) -> Matched:
    """Match the classes of data by name with those that a network was trained on.

    Args:
        data: the data, with their class names.
        classes: the names of the network's outputs.
        whose: what messages call the network.

    Raises:
        UserError: the data have a class that the network does not know, or classes whose names are
            not unique.
    """
    theirs, ours = [_plain(name) for name in classes], [_plain(name) for name in data.classes]
    everything = list(range(len(ours)))
    if ours == theirs:
        return Matched(everything, ())
    unlike = len(ours) == len(theirs) and not set(ours) & set(theirs)
    if unlike and _numbers(ours) != _numbers(theirs):
        unnamed = data.name if _numbers(ours) else whose
        note = f"{unnamed} has numbers for class names: classes are matched by number"
        return Matched(everything, (note,))
    for names, what in ((ours, data.name), (theirs, whose)):
        if len(set(names)) < len(names):
            raise UserError(f"{what} has several classes of the same name: they cannot be matched")
    if unknown := [name for name in ours if name not in theirs]:
        missing = [name for name in theirs if name not in ours]
        instead = f"; {data.name} has no {listed(missing)}" if missing else ""
        classes = "class" if len(unknown) == 1 else "classes"
        raise UserError(
            f"{data.name} has the {classes} {listed(unknown)}, which {whose} was not trained on"
            f"{instead}: class names must be the same"
        )
    notes = []
    if len(ours) < len(theirs):
        notes.append(f"{data.name} has {len(ours)} of the network's {len(theirs)} classes")
    return Matched([theirs.index(name) for name in ours], tuple(notes))


def _plain(name: str) -> str:
    """The name in Unicode's composed form: file systems differ in how they write accents."""
    return normalize("NFC", name)


def _numbers(names: Sequence[str]) -> bool:
    """Whether the class names are just the numbers of the labels."""
    return list(names) == [str(number) for number in range(len(names))]

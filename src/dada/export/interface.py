"""The interface of an export: what it writes, and which operations it knows."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dada.errors import UserError
from dada.export.words import used
from dada.ops import names
from dada.policy import Policy


@dataclass(frozen=True)
class Sample:
    """A picture and what belongs to it.

    Attributes:
        image: of mode RGB or L.
        mask: (H, W), uint8.
        boxes: (N, 4), float64, rows (x0, y0, x1, y1) in pixels. A row of zeros is no box.
    """

    image: Image.Image
    mask: NDArray[np.uint8]
    boxes: NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Target:
    """A library that a policy can be written for.

    Attributes:
        name: as in ``dada export --to``.
        what: what is written, in one line.
        endings: of the files that it writes, the usual one first.
        operations: names of the operations that it can write, from the table that it writes them
            by. Policies with others are refused before anything is written.
        text_of: ``(policy, ending)`` to the text of a file, in ASCII, that runs (or is read) as it
            is. It may count on the policy's operations being known.
        differences_of: a policy to where the library differs from `dada`, in words.
        load_from: ``(text, ending)`` to the file at work. Only this imports the library.
        moves: what else the file moves with a picture, in words; empty where it takes pictures
            alone.
        sample_from: as `load_from`, of a picture with what belongs to it; None where the file takes
            pictures alone.
    """

    name: str
    what: str
    endings: tuple[str, ...]
    operations: Collection[str]
    text_of: Callable[[Policy, str], str]
    differences_of: Callable[[Policy], list[str]]
    load_from: Callable[[str, str], Callable[[Any], Any]]
    moves: str = ""
    sample_from: Callable[[str, str], Callable[[Sample], Sample]] | None = None

    @property
    def motion(self) -> str:
        """What moves with a picture, in words.

        Examples:
            >>> import dada
            >>> dada.export.target("kornia").motion, dada.export.target("timm").motion
            ('moves masks and boxes', 'pictures alone')
        """
        return f"moves {self.moves}" if self.moves else "pictures alone"

    @property
    def knowledge(self) -> str:
        """Which of the registered operations it knows, in words.

        Examples:
            >>> import dada
            >>> @dada.register_operation("Halve")
            ... def halve(images, values):
            ...     return images // 2
            >>> dada.export.target("timm").knowledge
            'every operation but ...Halve'
        """
        unknown = [name for name in names() if name not in self.operations]
        return f"every operation but {', '.join(unknown)}" if unknown else "every operation"

    def check(self, policy: Policy) -> None:
        """Refuse a policy with operations that this target does not know.

        Raises:
            UserError: it names them, the target, and what the target knows; or it is a schedule.

        Examples:
            >>> import dada
            >>> from dada.policy import Operation, Policy, SubPolicy
            >>> @dada.register_operation("Halve")
            ... def halve(images, values):
            ...     return images // 2
            >>> halved = Policy((SubPolicy((Operation("Halve", 1.0, 0.0),)),))
            >>> dada.export.target("timm").check(halved)
            Traceback (most recent call last):
            dada.errors.UserError: the timm export does not know Halve: it has ShearX, ShearY, ...
        """
        policy = policy.chosen(None)  # refuses a schedule, and says how to choose an epoch
        if unknown := sorted(used(policy).difference(self.operations)):
            raise UserError(
                f"the {self.name} export does not know {', '.join(unknown)}: "
                f"it has {', '.join(self.operations)}"
            )

    def source(self, policy: Policy, ending: str | None = None) -> str:
        """The text of a file with the policy.

        Args:
            ending: one of `endings`; None for the usual one.

        Raises:
            UserError: the target does not know an operation of the policy, or cannot express it.

        Examples:
            >>> import dada
            >>> text = dada.export.target("torchvision").source(dada.load_policy("dada-cifar10"))
            >>> text.splitlines()[0]
            '...dada-cifar10: an image-augmentation policy of 25 sub-policies.'
        """
        self.check(policy)
        return self.text_of(policy, ending or self.endings[0])

    def differences(self, policy: Policy) -> list[str]:
        """Where the library differs from `dada` under this policy, in words.

        Raises:
            UserError: the target does not know an operation of the policy, or cannot express it.

        Examples:
            >>> import dada
            >>> policy = dada.load_policy("autoaugment-svhn")
            >>> dada.export.target("python").differences(policy)
            []
            >>> for difference in dada.export.target("kornia").differences(policy)[:2]:
            ...     print(difference)
            levels stay fractions: no operation rounds them to bytes
            ShearX: a pixel whose source lies between two pixels may take the other one (at most ...
        """
        self.check(policy)
        return self.differences_of(policy)

    def load(self, text: str, ending: str | None = None) -> Callable[[Any], Any]:
        """A file at work: one PIL image in, one out.

        Args:
            text: what `source` gave.
            ending: that of the file; None for the usual one.

        Raises:
            UserError: the library is missing; the message has the ``pip install`` line.

        Examples:
            >>> import dada
            >>> from PIL import Image
            >>> python = dada.export.target("python")
            >>> augment = python.load(python.source(dada.load_policy("dada-cifar10")))
            >>> augment(Image.new("RGB", (32, 32))).size
            (32, 32)
        """
        return self.load_from(text, ending or self.endings[0])

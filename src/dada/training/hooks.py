"""A user's own code: a loss, and transforms around the policy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch

from dada.augment import Transform
from dada.augment.own import draw_own
from dada.errors import UserError, users_own
from dada.models.child import Loss
from dada.tasks import Task


class UserHooks(NamedTuple):
    """What a user passes from Python besides settings; None for nothing.

    Attributes:
        loss: (outputs, labels) to one loss per image.
        before, after: transforms from one uint8 image (C, H, W) to another, right before and right
            after the policy.
    """

    loss: Loss | None = None
    before: Transform | None = None
    after: Transform | None = None

    @classmethod
    def of(cls, **code: Callable[..., Any] | None) -> UserHooks:
        """The user's functions by these names, wrapped so that their failures are told apart."""
        return cls(**{name: f and _UserCode(name, f) for name, f in code.items()})

    def check(self, task: Task) -> None:
        """Refuse transforms that leave behind labels which should move.

        Raises:
            UserError: there is a transform, and labels move with the pixels.
        """
        given = [name for name in ("before", "after") if getattr(self, name) is not None]
        if task.moves and given:
            raise UserError(
                f"{given[0]}: a transform of images alone, but for {task.name} labels move with "
                "the pixels: register it as an operation (dada.ops.register)"
            )

    def try_transforms(self, shape: tuple[int, int, int]) -> None:
        """Show each transform an image of noise, so that what is wrong is said before a run begins.

        Args:
            shape: channels, height and width.

        Raises:
            UserError: a transform does not give an image of the same shape and type.
        """
        generator = torch.Generator().manual_seed(0)
        noise = torch.randint(256, (1, *shape), generator=generator, dtype=torch.uint8)
        for name, transform in (("before", self.before), ("after", self.after)):
            if transform is not None:
                draw_own(name, transform, 1, generator)(noise)


@dataclass(frozen=True)
class _UserCode:
    what: str
    code: Callable[..., Any]

    @property
    def __name__(self) -> str:
        return getattr(self.code, "__name__", type(self.code).__name__)

    def __call__(self, *given: Any) -> Any:
        with users_own(f"the {self.what}"):
            return self.code(*given)


NO_HOOKS = UserHooks()

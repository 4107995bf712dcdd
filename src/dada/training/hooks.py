"""A user's own code: a loss, and transforms around the policy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from dada.augment import Transform
from dada.errors import users_own
from dada.models.child import Loss


class UserHooks(NamedTuple):
    """What a user passes from Python besides settings; None for nothing.

    Attributes:
        loss: (logits, labels) to one loss per image.
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

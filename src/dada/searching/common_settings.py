"""Settings common to all search methods: requested, and resolved."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, ValidationError, model_validator

from dada.datasets import Dataset, FileDataset
from dada.errors import UserError, first_line
from dada.ops import PAPER_OPERATIONS
from dada.policy import Scale, SearchSpace, effective
from dada.policy.sub_policy import Spread
from dada.training.network import NetworkSettings, ResolvedNetwork

Plan = tuple[Annotated[int, Field(ge=1)], ...]

STEPS, SMALL_BATCH = 8, 16
"""Steps per epoch where images are few, and the smallest batch chosen for that: batch normalisation
needs that many images."""


class SearchSettings(NetworkSettings, ABC):
    """What determines the result of a search, besides the data. None is resolved from the data.

    A method adds its own settings in a subclass, whose `method` is its name.

    Attributes:
        validated: how many of the user's own validation images a search judges by, at most; 0 if
            it judges by training images alone.
        without_effect: names of settings of every method that this one has no use for.
    """

    validated: ClassVar[int] = 0
    without_effect: ClassVar[tuple[str, ...]] = ()

    method: str
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    """At most 32 bits: PyTorch's CPU generator uses no more."""
    plan: Plan | None = None
    """Repeats a search that had a budget: the epochs of each round's trainings, or with method pba,
    faster_autoaugment, or dada at a horizon of 0, the total number of epochs planned at each epoch
    or round; with fast_autoaugment the children's epochs, then the trials of each round. None: the
    `usual_plan`."""
    pixels: Annotated[int, Field(ge=8)] | None = None
    """Longest side of the images in the search, in pixels, at most; None: the method's choice, or
    the images' own size with a network or transforms of the user's."""

    operations: tuple[str, ...] | None = None
    scale: Literal["paper", "strength"] = "strength"
    bounds: dict[str, tuple[float, float]] = Field(default_factory=dict)

    @abstractmethod
    def resolve(
        self, dataset: Dataset, accelerated: bool = False, transforms: bool = False
    ) -> ResolvedSearch:
        """The settings with what was left open resolved from the data.

        Args:
            accelerated: whether a GPU will do the work, which affords a larger network.
            transforms: whether the user has transforms, which are made for images at full size.

        Raises:
            UserError: too few images, or a setting that does not fit them.
        """

    @abstractmethod
    def images_of(self, files: FileDataset) -> int:
        """The largest number of training images used, known before they are decoded."""

    @property
    @abstractmethod
    def usual_plan(self) -> list[int]:
        """The `plan` that None stands for."""

    @property
    def planned(self) -> list[int]:
        """The plan that a search begins with; a list of its own."""
        return list(self.plan or self.usual_plan)

    @property
    @abstractmethod
    def space(self) -> SearchSpace:
        """The search space that the settings describe.

        Raises:
            UserError: an unknown operation, impossible bounds, fewer operations than a sub-policy
                has, or more than 10,000 sub-policies.
        """

    def space_of(self, length: int) -> SearchSpace:
        """The space of sub-policies with `length` operations.

        Raises:
            UserError: as `space`.
        """
        try:
            scale = Scale(kind=self.scale, bounds=dict(self.bounds))
            operations = PAPER_OPERATIONS if self.operations is None else self.operations
            return SearchSpace(operations=operations, length=length, scale=scale)
        except ValueError as error:
            reason = first_line(error) if isinstance(error, ValidationError) else str(error)
            raise UserError(f"search space: {reason}") from None


class SpaceSettings(SearchSettings):
    """Settings of the methods whose sub-policies all have the same number of operations."""

    length: Annotated[int, Field(ge=1, le=6)] = 2
    """Operations per sub-policy."""

    @property
    def space(self) -> SearchSpace:
        """See `SearchSettings.space`."""
        return self.space_of(self.length)


class DistributionSettings(SpaceSettings):
    """Settings of the methods that learn a distribution over sub-policies."""

    spread: Spread = 1.0
    """Randomness of magnitudes, as in `dada.policy.Operation`."""
    keep: Annotated[int, Field(ge=1)] | None = None
    """How many leading sub-policies the policy keeps; None: the method's choice."""
    uniform_weights: bool = False
    """Choose the kept sub-policies uniformly in training, as the paper does."""


class EpochsSettings(SearchSettings, ABC):
    """Settings of the methods that train a single network, whose iterations are its epochs."""

    @property
    def usual_plan(self) -> list[int]:
        """See `SearchSettings.usual_plan`: at each epoch, that there are so many in all."""
        return [self.epochs] * self.epochs

    @model_validator(mode="after")
    def _plan_fits(self) -> Self:
        if self.plan is not None and (
            not self.plan or any(planned <= epoch for epoch, planned in enumerate(self.plan))
        ):
            raise ValueError("plan: must be the total number of epochs planned at each epoch")
        return self


class ResolvedSearch(ResolvedNetwork, SearchSettings):
    """The same with nothing left open.

    Attributes:
        fitted: names of the settings that a budget changes.
    """

    fitted: ClassVar[tuple[str, ...]] = ("epochs", "images", "batch")

    pixels: Annotated[int, Field(ge=8)]
    operations: tuple[str, ...]

    def with_images(self, images: int) -> Self:
        """The same search on fewer images, in batches that suit them."""
        batch = min(self.batch, max(SMALL_BATCH, images // 2 // STEPS), max(2, images // 2))
        return self.model_copy(update={"images": images, "batch": batch})


def with_operations(settings: dict[str, Any], channels: int) -> dict[str, Any]:
    """The settings with the operations that can change images with this many channels."""
    space = settings.get("operations") or PAPER_OPERATIONS
    return {**settings, "operations": effective(tuple(space), channels)}

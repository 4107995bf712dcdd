"""What a reported number is called, and which way is better."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

Thing = TypeVar("Thing")


@dataclass(frozen=True)
class Metric:
    """A share in [0, 1] by which networks are compared.

    Attributes:
        name: its name in prose, such as "error".
        title: its name on an axis or a column, such as "test error".
        unit: the unit in which it is shown.
        lower_is_better: its direction.
        of_class: its name for a single class.
        over_images: whether it is a mean over the test images, so that differences can be paired
            image by image.
        naive: how one gets something without looking, in prose.

    Examples:
        >>> error = Metric("error", "test error")
        >>> error.key, error.heading, error.superlative
        ('test_error', 'test error, %', 'lowest')
        >>> error.better(0.1, than=0.2)
        True
        >>> error.best(["a", "b"], key={"a": 0.2, "b": 0.1}.__getitem__)
        'b'
    """

    name: str
    title: str
    unit: str = "%"
    lower_is_better: bool = True
    of_class: str = "error"
    over_images: bool = True
    naive: str = "always answering the most frequent class"

    @property
    def key(self) -> str:
        """Its key in a run's records: the title with an underscore."""
        return self.title.replace(" ", "_")

    @property
    def class_key(self) -> str:
        """The key of its values per class in a run's records."""
        return "class_errors" if self.of_class == "error" else f"class_{self.of_class}"

    @property
    def averaged(self) -> str:
        """What its mean over seeds is called."""
        return self.name if self.name.startswith("mean ") else f"mean {self.name}"

    @property
    def by_class(self) -> str:
        """What a table of its values per class is called."""
        return "errors by class" if self.of_class == "error" else f"{self.of_class} by class"

    @property
    def seeds_key(self) -> str:
        """The key of its values by seed in the rows of a comparison."""
        return "errors" if self.name == "error" else "values"

    @property
    def naive_key(self) -> str:
        """The key of what one gets without looking."""
        return self.key.replace("test_", "naive_", 1)

    @property
    def heading(self) -> str:
        """Title and unit, for an axis or a table of bare numbers."""
        return f"{self.title}, {self.unit}"

    @property
    def inferior(self) -> str:
        """What the worst value is: "highest" or "lowest"."""
        return "highest" if self.lower_is_better else "lowest"

    @property
    def superlative(self) -> str:
        """What the best value is: "lowest" or "highest"."""
        return "lowest" if self.lower_is_better else "highest"

    def better(self, value: float, than: float) -> bool:
        """Whether a value is better than another; equal ones are not."""
        return value < than if self.lower_is_better else value > than

    def best(self, things: Iterable[Thing], key: Callable[[Thing], float]) -> Thing:
        """The thing with the best value; of equal ones the first.

        Args:
            things: at least one.
            key: the value of a thing.
        """
        return min(things, key=key) if self.lower_is_better else max(things, key=key)


TEST_ERROR = Metric("error", "test error")
VALIDATION_ACCURACY = Metric("accuracy", "validation accuracy", lower_is_better=False)

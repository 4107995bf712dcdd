"""What a number that is reported is called, and which way is better."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Metric:
    """A share in [0, 1] by which networks are compared.

    Attributes:
        name: in prose, such as "error".
        title: of an axis or a column, such as "test error".
        unit: that it is shown in.
        lower_is_better: its direction.

    Examples:
        >>> error = Metric("error", "test error")
        >>> error.key, error.heading, error.superlative
        ('test_error', 'test error, %', 'lowest')
        >>> error.best([0.2, 0.1, 0.3]), error.better(0.1, than=0.2)
        (0.1, True)
    """

    name: str
    title: str
    unit: str = "%"
    lower_is_better: bool = True

    @property
    def key(self) -> str:
        """The entry of a run's records that has it: the title with an underscore."""
        return self.title.replace(" ", "_")

    @property
    def heading(self) -> str:
        """Title and unit, for an axis or a table of bare numbers."""
        return f"{self.title}, {self.unit}"

    @property
    def superlative(self) -> str:
        """What the best value is: "lowest" or "highest"."""
        return "lowest" if self.lower_is_better else "highest"

    def better(self, value: float, than: float) -> bool:
        """Whether a value is better than another; equal ones are not."""
        return value < than if self.lower_is_better else value > than

    def best(self, values: Iterable[float]) -> float:
        """The best of the values.

        Raises:
            ValueError: there are none.
        """
        return min(values) if self.lower_is_better else max(values)


TEST_ERROR = Metric("error", "test error")
VALIDATION_ACCURACY = Metric("accuracy", "validation accuracy", lower_is_better=False)

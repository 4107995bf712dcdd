"""What an evaluation says in words, on its page and in the terminal."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from dada.report.numbers import count, percent
from dada.tasks import Metric

Row = TypeVar("Row")


def direction(calibration: Mapping[str, Any]) -> str:
    """Whether a network is calibrated, in a few words."""
    if calibration["ece"] <= calibration["ece_by_chance"]:
        answers = sum(one["answers"] for one in calibration["bins"])
        return f"calibrated, as far as {count(answers, 'answer')} can tell"
    gap = calibration["confidence"] - calibration["accuracy"]
    # Gaps of both signs can cancel.
    if abs(gap) < calibration["ece"] / 2:
        return "too sure of some answers and not sure enough of others"
    return "overconfident" if gap > 0 else "underconfident"


def calibration_in_words(calibration: Mapping[str, Any], loss: float) -> list[str]:
    """Sentences on a network's calibration.

    Args:
        calibration: as from `dada.tasks.calibration.calibration`.
        loss: the mean loss of the network as it is.
    """
    said = [
        f"It gives its answers a probability of {percent(calibration['confidence'])} on average, "
        f"and {percent(calibration['accuracy'])} of them are right: {direction(calibration)}.",
        f"Expected calibration error: {percent(calibration['ece'])}; a perfectly calibrated "
        f"network stays below {percent(calibration['ece_by_chance'])} in 95 of 100 such tests.",
    ]
    scaled = calibration["scaled_loss"]
    if scaled is not None and scaled < loss:
        said.append(
            f"Logits divided by {calibration['temperature']:.2f} (temperature scaling) have a loss "
            f"of {scaled:.3f} instead of {loss:.3f}, and an expected calibration error of "
            f"{percent(calibration['scaled_ece'])}: each half of the images with the temperature "
            "of the other half."
        )
    elif scaled is not None:
        said.append(
            "Temperature scaling does not help: with the temperature of the other half, each half "
            f"of the images has a loss of {scaled:.3f} instead of {loss:.3f}."
        )
    return said


def worst_first(
    rows: Iterable[Row], metric: Metric, key: Callable[[Row], float | None]
) -> list[Row]:
    """Rows by the metric of their class, those without one last."""
    sign = -1.0 if metric.lower_is_better else 1.0
    return sorted(rows, key=lambda row: math.inf if key(row) is None else sign * (key(row) or 0.0))


def worst_in_words(found: Mapping[str, Any], metric: Metric, most: int) -> Sequence[str]:
    """A line for each of the classes with the worst metric, for the terminal.

    Args:
        found: as from `dada.evaluate`.
        metric: the task's.
        most: of so many classes.
    """
    pairs = zip(found[metric.class_key], found["per_class"], strict=True)
    known = [(value, about) for value, about in pairs if value is not None]
    rows = worst_first(known, metric, key=lambda row: row[0])[:most]
    width = max((len(about["name"]) for _, about in rows), default=0)
    return [f"{about['name']:<{width}} {value:.1%}{_more(about)}" for value, about in rows]


def _more(about: Mapping[str, Any]) -> str:
    said = f" of {count(about['images'], 'image')}" if "taken_for" in about else ""
    if about.get("taken_for"):
        said += f", {about['times']} taken for {about['taken_for']}"
    for name in ("recall", "precision"):
        if "taken_for" not in about and about.get(name) is not None:
            said += f", {name} {about[name]:.1%}"
    for name, one in (("boxes", "box"), ("objects", "object")):
        if name in about:
            said += f", {count(about[name], one)} in {count(about['images'], 'image')}"
    if "pixels" in about:
        said += f", {about['pixels']:.1%} of the pixels"
    return said


def calibration_in_brief(calibration: Mapping[str, Any], loss: float) -> str:
    """The same as `calibration_in_words` for the terminal."""
    said = f"expected error {calibration['ece']:.1%}, {direction(calibration)}"
    scaled = calibration["scaled_loss"]
    if scaled is None or scaled >= loss:
        return said
    return f"{said}; temperature {calibration['temperature']:.2f} gives loss {scaled:.4f}"

"""What the page of a search by PBA shows, from the records of its rounds."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import accumulate
from math import nan
from typing import Any

from dada.augment.words import around
from dada.report.chart import Chart, Lines, Panel, Panels, Series
from dada.report.numbers import capitalised, count, duration, percent
from dada.searching.method import Names, Records, operations_in_words
from dada.searching.methods.pba.history import History, ancestry, history_of
from dada.searching.methods.pba.values import shares_of


def space_in_words(settings: Mapping[str, Any], names: Names) -> str:
    """See `SearchMethod.space_in_words`."""
    return f"schedules of {operations_in_words(names)}"


def summary(settings: Mapping[str, Any], start: Mapping[str, Any], records: Records) -> str:
    """See `SearchMethod.summary`."""
    history = history_of([record["population"] for record in records])
    epochs = sum(one.epochs for one in history)
    return (
        f"by a population of {count(len(history[0].sources), 'training')} of {settings['model']} "
        f"({count(start['parameters'], 'parameter')}), {count(epochs, 'epoch')} each, with "
        f"{around(settings)}, in {duration(sum(record['seconds'] for record in records))}: "
        f"method pba, seed {settings['seed']}. {_found(history, records[-1])}."
    )


def _found(history: History, record: Mapping[str, Any]) -> str:
    notes = record["findings"]["notes"]
    if notes:
        return capitalised(notes[0])
    best, accuracies = history[-1].best, history[-1].accuracies
    trial, accuracy = (
        f"trial {best + 1}",
        f"{percent(accuracies[best])} accurate on held-out images",
    )
    if _without_policy(history):
        return f"The best, {trial}, {accuracy}, and its ancestors were trained without a policy"
    return (
        f"The schedule has the policies that {trial} and its ancestors were trained under, "
        f"{accuracy}"
    )


def _without_policy(history: History) -> bool:
    """Whether the weights of the best trial were trained without a policy in every round."""
    line = zip(history, ancestry(history, history[-1].best), strict=True)
    return not any(any(shares_of(one.values[place])[0]) for one, place in line)


def charts(settings: Mapping[str, Any], names: Names, records: Records) -> list[Chart]:
    """See `SearchMethod.charts`: how the trials fared, and the schedule of the best, if any."""
    history = history_of([record["population"] for record in records])
    if records[-1]["findings"]["notes"] or _without_policy(history):
        return [_accuracies(history)]
    return [_accuracies(history), _schedule(history, [name for (name,) in names])]


def _accuracies(history: History) -> Lines:
    """A line for every trial up to its end, over those that it descends from."""
    last, rounds = history[-1], len(history)
    replaced = [
        _path(history[:number], trial, rounds)
        for number in range(1, rounds)
        for trial, source in enumerate(history[number].sources)
        if source != trial
    ]
    others = [
        _path(history, trial, rounds) for trial in range(len(last.sources)) if trial != last.best
    ]
    best = Series(y=_path(history, last.best, rounds), label="best trial")
    return Lines(
        title="The trials",
        caption="Accuracy on held-out images of each trial and, before it, of those that its "
        "weights come from. Where a line ends, the trial was among the worst, and became a copy of "
        "one of the best, with another policy.",
        x=list(accumulate(one.epochs for one in history)),
        y_label="accuracy, %",
        series=[*(Series(y=path, faint=True) for path in (*replaced, *others)), best],
    )


def _path(history: History, trial: int, length: int) -> list[float]:
    """The accuracies in % of a trial and its ancestors; after its end, not a number."""
    line = ancestry(history, trial)
    path = [100 * one.accuracies[place] for one, place in zip(history, line, strict=True)]
    return path + [nan] * (length - len(path))


def _schedule(history: History, names: list[str]) -> Panels:
    """What the schedule has for each operation in every epoch."""
    line = ancestry(history, history[-1].best)
    policies = [
        shares_of(one.values[trial])
        for one, trial in zip(history, line, strict=True)
        for _ in range(one.epochs)
    ]
    return Panels(
        title="The schedule",
        caption="The probability of each operation (solid), and its magnitude (dashed), by epoch: "
        "means of the two times that it is in the policy. An image gets at most two operations, "
        "so that fewer images are reached than the probabilities say.",
        x=list(range(1, len(policies) + 1)),
        y_label="probability and magnitude, 0 to 1",
        panels=[
            Panel(
                name=name,
                series=[
                    Series(y=[often[place] for often, _ in policies]),
                    Series(y=[strong[place] for _, strong in policies]),
                ],
            )
            for place, name in enumerate(names)
        ],
        reference=0.5,
        reach=0.5,
    )

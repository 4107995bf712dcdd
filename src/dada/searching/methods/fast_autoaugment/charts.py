"""What the page of a Fast AutoAugment search shows, from the records of its rounds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from itertools import accumulate
from typing import Any

from dada.augment.words import around
from dada.report.chart import Chart, Dots, Lines, Row, Series
from dada.report.numbers import count, duration
from dada.searching.method import Names, Records, policies_in_words
from dada.searching.methods.fast_autoaugment.tried import Tried, best


def tried_of(records: Records) -> list[list[Tried]]:
    """The trials of each fold so far; none before the first round of trials."""
    rounds = [record["tried"] for record in records if "tried" in record]
    return [[Tried(**one) for own in fold for one in own] for fold in zip(*rounds, strict=True)]


def space_in_words(settings: Mapping[str, Any], names: Names) -> str:
    """See `SearchMethod.space_in_words`."""
    return policies_in_words(settings["size"], names)


def summary(settings: Mapping[str, Any], start: Mapping[str, Any], records: Records) -> str:
    """See `SearchMethod.summary`."""
    s, tried = settings, tried_of(records)
    epochs, *_ = s.get("plan") or [s["epochs"]]
    trials = sum(map(len, tried))
    kept = sum(len(best(fold, s["kept_share"], s["reward"])) for fold in tried)
    made = f" The policy is made of the best {count(kept, 'set')}." if tried else ""
    return (
        f"by {count(s['folds'], 'training')} of {s['model']} "
        f"({count(start['parameters'], 'parameter')}), {count(epochs, 'epoch')} each, with "
        f"{around(settings)}, and {count(trials, 'trial')} on the images that were "
        f"held out, in "
        f"{duration(sum(record['seconds'] for record in records))}: method {s['method']}, seed "
        f"{s['seed']}.{made}"
    )


def charts(settings: Mapping[str, Any], names: Names, records: Records) -> list[Chart]:
    """The rewards of all trials, and which operations are in those that are kept.

    Args:
        settings: those of the search.
        names: the operations of each sub-policy of the space.
        records: those of the rounds, in order.
    """
    tried = tried_of(records)
    if not tried:
        return []
    kept = [best(fold, settings["kept_share"], settings["reward"]) for fold in tried]
    operations = list(dict.fromkeys(name for own in names for name in own))
    return [_rewards(settings["reward"], tried), _operations(operations, kept)]


def _rewards(kind: str, tried: list[list[Tried]]) -> Lines:
    loss = kind == "loss"
    each = [[one.loss if loss else 100 * one.accuracy for one in fold] for fold in tried]
    faint = [Series(y=values, faint=True) for values in each]
    running = [
        Series(y=list(accumulate(values, min if loss else max)), label=f"fold {number}")
        for number, values in enumerate(each, 1)
    ]
    what = "loss, lower is better" if loss else "accuracy, higher is better"
    return Lines(
        title="The reward of each trial",
        caption=f"The {what}, of a network that was trained without a policy, on held-out images "
        "under the policies tried, of each image's views the best. Coloured: the best trial so far "
        "on each fold; grey: every trial.",
        x=list(range(1, len(each[0]) + 1)),
        x_label="trial",
        y_label="mean loss" if loss else "accuracy, %",
        series=[*faint, *running],
    )


def _operations(operations: list[str], kept: list[list[Tried]]) -> Dots:
    shares = []
    for fold in kept:
        chosen = Counter(entry[0] for one in fold for own in one.sub_policies for entry in own)
        shares.append({name: 100 * chosen[name] / chosen.total() for name in operations})
    rows = [
        Row(name=name, points=points, mean=sum(points) / len(points))
        for name in operations
        for points in [[share[name] for share in shares]]
    ]
    return Dots(
        title="Which operations are kept",
        caption="How many of the operations in the best sets each one makes up. Strokes: folds; "
        "dots: their mean; dashed: if all came equally often.",
        x_label="share of operations, %",
        rows=sorted(rows, key=lambda row: -row.mean),
        reference=100 / len(operations),
        least=0.0,
    )

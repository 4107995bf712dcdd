"""What the page of a training says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dada.augment.words import around
from dada.errors import UserError
from dada.policy import loads
from dada.report.chart import Chart, Lines, Series
from dada.report.commands import repeat, source_of
from dada.report.facts import epochs_of, interrupted
from dada.report.numbers import capitalised, count, duration, percent
from dada.report.page import Page
from dada.report.page import write_page as write
from dada.report.policy_part import policy_part
from dada.report.verdict import Verdict
from dada.runs import RunFolder
from dada.tasks import Metric, metric_recorded

Records = Sequence[Mapping[str, Any]]


def write_page(run: RunFolder) -> Path:
    """Write the page of a training.

    Raises:
        UserError: no epoch has been tested yet, or a file is damaged or missing.
    """
    return write(run, page_of)


def page_of(run: RunFolder) -> Page:
    """The page of a training, from its files.

    Raises:
        UserError: as `write_page`.
    """
    config, records = run.config, epochs_of(run.events)
    settings, seed = config["settings"], config["seed"]
    metric = metric_recorded(config["data"])
    tested = [record for record in records if metric.key in record]
    if not tested:
        raise UserError(f"{run.path}: no epoch has been tested yet, so there is nothing to report")
    [(name, text)] = config["policies"].items()
    options = {"recipe": settings["preset"], "policy": config["policy"], "seed": seed}
    done = records[-1]["epoch"]
    return Page(
        title=f"A training on {config['data']['name']}",
        lead=_lead(config, name, records),
        interrupted=interrupted(run, "training", done, settings.get("epochs")),
        verdicts=[Verdict("unknown", _result(metric, tested))],
        policies=[policy_part(run, loads(text, name), title="The policy", seed=seed)]
        if text
        else (),
        charts=charts(metric, tested),
        repeat=repeat("train", config, data=source_of(config), **options),
    )


def charts(metric: Metric, tested: Records) -> list[Chart]:
    """The losses and the metric of the epochs that were tested."""
    epochs = [record["epoch"] for record in tested]
    values = [100 * record[metric.key] for record in tested]
    return [
        Lines(
            title="Losses",
            caption="Training: on augmented images. Test: on the test images as they are.",
            x=epochs,
            y_label="mean loss",
            series=[
                Series(label="training", y=[record["train_loss"] for record in tested]),
                Series(label="test", y=[record["test_loss"] for record in tested]),
            ],
        ),
        Lines(
            title=capitalised(metric.title),
            caption="Report the last one: picking the "
            f"{metric.superlative} would be choosing on the test images.",
            x=epochs,
            y_label=metric.heading,
            series=[Series(label=percent(values[-1] / 100), y=values)],
        ),
    ]


def _lead(config: Mapping[str, Any], name: str, records: Records) -> str:
    settings = config["settings"]
    surroundings = around(settings)
    under = surroundings if config["policy"] == "none" else f"{name} with {surroundings}"
    return (
        f"{settings['model']} on {count(settings['images'], 'training image')} under {under}: "
        f"{count(records[-1]['epoch'], 'epoch')} in "
        f"{duration(sum(record['seconds'] for record in records))}, recipe {settings['preset']}, "
        f"seed {config['seed']}."
    )


def _result(metric: Metric, tested: Records) -> str:
    best = metric.best(tested, key=lambda record: record[metric.key])
    last, title = tested[-1], capitalised(metric.title)
    said = f"{title} {percent(last[metric.key], 2)} after {count(last['epoch'], 'epoch')}."
    if best is last:
        return said
    return (
        f"{said} The {metric.superlative}, {percent(best[metric.key], 2)} in epoch "
        f"{best['epoch']}, is chosen on the test images."
    )

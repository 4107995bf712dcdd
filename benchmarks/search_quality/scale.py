"""The yardstick *scale*: test errors after trainings on many images, paired by seed."""

from __future__ import annotations

from argparse import ArgumentTypeError
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from benchmarks.quality.table import certain
from benchmarks.search_quality.policy import Methods
from benchmarks.search_quality.splits import Parts, subset
from benchmarks.search_quality.store import Store
from benchmarks.search_quality.trainings import Job
from dada.datasets import Dataset, ImageSet
from dada.errors import UserError


class Size(NamedTuple):
    """Images of a training, and its epochs."""

    images: int
    epochs: int


class Place(NamedTuple):
    """A cell of the study."""

    size: Size
    row: str
    seed: int


def size_of(text: str) -> Size:
    """The size that an argument describes.

    Raises:
        ArgumentTypeError: it is not two positive numbers.

    Examples:
        >>> size_of("2000:100")
        Size(images=2000, epochs=100)
    """
    images, _, epochs = text.partition(":")
    if not (images.isdecimal() and epochs.isdecimal() and int(images) and int(epochs)):
        raise ArgumentTypeError(f"{text!r} is not IMAGES:EPOCHS, such as 2000:100")
    return Size(int(images), int(epochs))


def sets_of(dataset: Dataset, parts: Parts, images: int, seeds: int) -> list[ImageSet]:
    """The training images of each seed.

    They are sets apart that no search saw, as many as there are, in turn; if there is not even one,
    all seeds have the same images, those that searches saw among them.

    Raises:
        UserError: there are not so many images, or searches and trainings take turns.
    """
    if images > len(dataset.train) or not parts.unseen:
        raise UserError(
            f"the yardstick scale at {images} images: there are {len(dataset.train)} in all, too "
            "few to train on so many beside those of the searches"
        )
    if images == len(dataset.train):
        return [dataset.train] * seeds
    per_set = max(1, images // len(parts.fresh[0]))
    count = len(parts.unseen) // per_set
    if not count:
        raise UserError(
            f"the yardstick scale at {images} images: searches leave fewer; take all "
            f"{len(dataset.train)}, or fewer searches"
        )
    places = range(0, per_set * min(count, seeds), per_set)
    found = [subset(dataset.train, parts.unseen[at : at + per_set]) for at in places]
    return [found[seed % len(found)] for seed in range(seeds)]


def jobs_of(
    methods: Methods,
    dataset: Dataset,
    parts: Parts,
    model: str,
    sizes: Sequence[Size],
    seeds: int,
) -> dict[Place, Job]:
    """Every row from every seed, the smallest size first; searches in turn."""
    return {
        Place(size, row, seed): Job(
            name=f"scale/{size.images}/{seed}/{row}/{seed % len(found)}",
            method=found[seed % len(found)],
            train=train,
            judges=parts.test,
            model=model,
            seed=2000 + seed,
            epochs=size.epochs,
        )
        for size in sorted(sizes)
        for seed, train in enumerate(sets_of(dataset, parts, size.images, seeds))
        for row, found in methods.items()
    }


def table_of(
    jobs: Mapping[Place, Job],
    methods: Methods,
    dataset: Dataset,
    store: Store,
    against: Iterable[str],
) -> list[dict[str, Any]]:
    """For each size, mean errors by row and differences from other rows, in percentage points.

    With fewer searches than seeds an interval is the wider of those over seeds and over searches.
    """
    tables = []
    for size in dict.fromkeys(place.size for place in jobs):
        here = {place: job for place, job in jobs.items() if place.size == size}
        cells = {place: store[job.key] for place, job in here.items()}
        errors: dict[str, list[float]] = {}
        losses: dict[str, list[float]] = {}
        for place, found in cells.items():
            errors.setdefault(place.row, []).append(100 * found["error"])
            losses.setdefault(place.row, []).append(found["train_loss"])
        rows: dict[str, Any] = {}
        for name, own in errors.items():
            searches = len(methods[name]) if len(methods[name]) > 1 else None
            alone = certain(own, None, searches)
            rows[name] = {"error": {"mean": alone["mean"], "interval": alone["interval"]}}
            rows[name]["train_loss"] = sum(losses[name]) / len(own)
            for other in (other for other in against if other in errors and other != name):
                gap = certain(own, errors[other], searches)
                rows[name][f"less {other}"] = {
                    "mean": gap["difference"],
                    "interval": gap["difference_interval"],
                }
        images = len(next(iter(here.values())).train)
        tables.append(
            {
                "images": images,
                "unseen": images < len(dataset.train),
                "epochs": size.epochs,
                "seeds": len(own),
                "rows": rows,
            }
        )
    return tables

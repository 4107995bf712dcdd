"""From what a format finds to a listing: parts, the size of the images, and labels."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from dada.datasets.annotated.boxes import box_labels
from dada.datasets.annotated.found import Found, Picture
from dada.datasets.annotated.instances import instance_labels
from dada.datasets.annotated.mask_files import read_masks
from dada.datasets.annotated.sizes import Sizes, usual_size
from dada.datasets.decode import Samples
from dada.datasets.listing import Listing
from dada.datasets.parts import kind_of, parts_of, roles_in_words, roles_of
from dada.errors import UserError, printable
from dada.errors import listed as in_words
from dada.names import INSTANCES


def listed(
    path: Path, found: Found, side: int | None, instances: bool = False, tested: bool = False
) -> Listing:
    """Label the pictures of each part.

    Args:
        path, side, instances, tested: as for `dada.datasets.annotated.find.list_annotated`.
        found: what its format's reader found.

    Raises:
        UserError: there is no training part, no image, no object, or masks cannot be used.
    """
    parts, notes = _parts(path, found, tested)
    pictures = [picture for part in parts.values() for picture in part]
    if not pictures:
        raise UserError(
            f"{path}: {found.format}, but none of the images is there: put them into images/, or "
            f"beside the annotations{_because(found.notes)}"
        )
    sizes = Sizes.of([picture.file for picture in pictures])
    size, said = usual_size(sizes.upright, side)
    kept, classes = np.arange(len(pictures)), found.classes
    if instances or pictures[0].mask is None:
        labels, more = (
            instance_labels(found, pictures, sizes, size, path)
            if instances
            else box_labels(found, pictures, sizes, path)
        )
        targets, kept = labels.targets, labels.kept
        if "train" in parts:
            there = labels.there[kept < len(parts["train"])]
            needed = not (tested and "test" in parts)
            more += _without_objects(path, there, classes, (*found.notes, *more), needed)
        if not instances and any(box.outline for picture in pictures for box in picture.boxes):
            more += (f"objects have masks, too: to use them, write {INSTANCES}{path}",)
    else:
        targets, classes, more = read_masks(found, pictures, sizes.upright, size, path)
    roles = np.repeat(list(parts), [len(part) for part in parts.values()])[kept]
    samples = {}
    for role in parts:
        start, count = int((roles == role).argmax()), int((roles == role).sum())
        own = range(start, start + count)  # parts follow each other
        files = tuple(pictures[i].file for i in kept[own])
        samples[role] = Samples(files, targets.index_select(0, torch.tensor(own)))
    return Listing(
        root=path,
        train=samples["train"] if "train" in samples else samples["test"],
        test=samples.get("test"),
        classes=tuple(map(printable, classes)),
        notes=(f"read as {found.format}", *notes, *found.notes, *more, said),
        validation=samples.get("validation"),
        size=size,
        tested=tested,
    )


def _parts(
    path: Path, found: Found, tested: bool
) -> tuple[dict[str, Sequence[Picture]], list[str]]:
    """The pictures by what each part is, and notes on parts with names of their own."""
    there = {name: part for name, part in found.parts.items() if part}
    if len(there) <= 1:
        name, part = next(iter(there.items()), ("", ()))
        return {"test" if tested and kind_of(name) in ("test", "validation") else "train": part}, []
    kinds = parts_of(there)
    roles = roles_of(kinds)
    if not {"train", *(["test"] if tested else [])} & {*roles.values()}:
        raise UserError(
            f"{path}: {found.format} for {in_words(list(there))}, none of which is called train: "
            "rename the training set"
        )
    counts = {name: len(part) for name, part in there.items()}
    notes = roles_in_words(roles, kinds, counts)
    notes += [f"{n} is not used: {counts[n]:,} images" for n, kind in kinds.items() if not kind]
    return {role: there[name] for name, role in roles.items()}, notes


def _because(notes: Sequence[str]) -> str:
    return f" ({'; '.join(notes)})" if notes else ""


def _without_objects(
    path: Path, there: np.ndarray, classes: Sequence[str], said: Sequence[str], needed: bool
) -> tuple[str, ...]:
    """Notes on images and classes without objects among the training images.

    Raises:
        UserError: there are no objects at all, though they are needed.
    """
    if needed and not there.any():
        raise UserError(
            f"{path}: the training images have no objects: at least one is needed{_because(said)}"
        )
    notes = []
    if empty := int((~there.any(1)).sum()):
        notes.append(f"{empty:,} of {len(there):,} training images are without objects, and stay")
    if missing := [classes[i] for i in np.flatnonzero(~there.any(axis=0)).tolist()]:
        notes.append(f"no training image has an object of class {in_words(missing)}")
    return tuple(notes)

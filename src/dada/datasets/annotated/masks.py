"""Pictures and masks of the same name: ``images/`` and ``masks/``, or Pascal VOC's folders."""

import re
from collections.abc import Iterator
from pathlib import Path

from dada.datasets.annotated.found import Found, Picture, Tallies
from dada.datasets.annotated.image_sets import image_sets
from dada.datasets.annotated.places import IMAGES, folder, folders, pictures
from dada.datasets.annotated.read_text import class_names
from dada.datasets.parts import parts_of

_MASKS = (
    *("masks", "mask", "segmentationclass", "segmentations", "segmentation", "seg", "labelmaps"),
    *("annotations", "annotation", "groundtruth", "gt", "labels", "label", "targets", "truth"),
)
_ENDING = re.compile(r"(?i)[-_. ](masks?|seg|segmentation|labels?|gt|truth|annotation)$")

VOC_CLASSES = (
    *("background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair"),
    *("cow", "diningtable", "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa"),
    *("train", "tvmonitor"),
)
"""The classes of Pascal VOC's masks, by value (Everingham et al. 2010)."""


def find(root: Path) -> Found | None:
    """Read a folder of images and masks: pictures of the same name, the mask's with or without
    ``_mask`` or the like.

    They are in ``images/`` and ``masks/`` or folders with other usual names, inside which there may
    be ``train/`` and so on, or which may be inside those; or in ``train_images/`` and
    ``train_masks/``. Pascal VOC's are in ``JPEGImages/`` and ``SegmentationClass/``, with the parts
    in ``ImageSets/Segmentation/``; where there are boxes too, give ``SegmentationClass/`` itself.
    ``classes.txt`` or the like names the values.
    """
    tallies = Tallies(root)
    is_voc = root.name.lower() == "segmentationclass"
    top = root.parent if is_voc else root
    pairs = _pairs(top, is_voc)
    parts = {part: found for part, pair in pairs.items() if (found := _matched(*pair, tallies))}
    if not parts:
        return None
    if list(parts) == [""]:
        parts = image_sets(top, "Segmentation", parts[""], tallies)
    names = class_names(top, *folders(top))
    if not names and re.fullmatch(r"VOC20\d\d", top.name):
        names = VOC_CLASSES
    return Found(
        "images and masks",
        {part: tuple(found.values()) for part, found in parts.items()},
        names,
        named=bool(names),
        notes=tallies.notes(),
        sources=tuple(pairs[part][1] for part in pairs),
    )


def _pairs(root: Path, is_voc: bool) -> dict[str, tuple[Path, Path]]:
    """The folders of images and of masks of each part."""
    if is_voc:
        there = folder(root, *IMAGES), folder(root, "segmentationclass")
        return {"": (there[0], there[1])} if there[0] and there[1] else {}
    if (pair := _pair(root)) is not None:
        images, masks = pair
        inner = {place.name.lower(): place for place in folders(masks)}
        parts = parts_of([place.name for place in folders(images)])
        split = {
            name: (images / name, inner[name.lower()])
            for name, part in parts.items()
            if part and name.lower() in inner
        }
        return split or {"": pair}
    whole = folders(root)
    inside = {place.name: pair for place in whole if (pair := _pair(place)) is not None}
    parts = parts_of(inside)
    found = {name: pair for name, pair in inside.items() if parts[name]}
    return found or dict(_side_by_side(whole))


def _pair(place: Path) -> tuple[Path, Path] | None:
    images, masks = folder(place, *IMAGES), folder(place, *_MASKS)
    return None if images is None or masks is None else (images, masks)


def _side_by_side(whole: list[Path]) -> Iterator[tuple[str, tuple[Path, Path]]]:
    """Pairs of folders such as ``train_images`` and ``train_masks``."""
    kinds: dict[str, dict[str, Path]] = {}
    for place in whole:
        if match := re.fullmatch(r"([A-Za-z0-9]+)[-_ ](\w+)", place.name.lower()):
            kinds.setdefault(match[1], {})[match[2]] = place
    for part, there in kinds.items():
        images = next((there[name] for name in IMAGES if name in there), None)
        masks = next((there[name] for name in _MASKS if name in there), None)
        if images and masks and parts_of([part])[part]:
            yield part, (images, masks)


def _matched(images: Path, masks: Path, tallies: Tallies) -> dict[str, Picture]:
    """The pictures that have a mask, by their stems."""
    named = pictures(masks)
    bare = {_ENDING.sub("", name): file for name, file in named.items()} | named
    found, used, without = {}, set(), []
    for name, file in pictures(images).items():
        mask = bare.get(name) or bare.get(_ENDING.sub("", re.sub("[-_. ](image|img)$", "", name)))
        if mask is None:
            without.append(file)
        else:
            found[name] = Picture(file, mask=mask)
            used.add(mask)
    if found:
        for file in without:
            tallies.add("images without a mask are left out", file)
        for file in named.values():
            if file not in used:
                tallies.add("masks without an image are left out", file)
    return found

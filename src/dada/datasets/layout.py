"""Decide which folders of an image folder are classes and which are parts of the set."""

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from dada.datasets.parts import VALIDATION
from dada.datasets.tree import Tree
from dada.errors import UserError, listed

_TRAIN = ("train", "training")
_TEST = ("test", "testing", *VALIDATION, "holdout")
"""In order of preference; the words for a validation set are used where no test set is."""

_FILLERS = {"set", "sets", "data", "dataset", "split", "image", "images", "img", "imgs", "pictures"}
_IMAGES = {
    *("image", "images", "img", "imgs", "jpegimages", "input", "inputs", "photos", "pictures"),
    *("original", "originals"),
}
_MASKS = {
    *("mask", "masks", "label", "labels", "annotation", "annotations", "groundtruth", "gt", "seg"),
    *("segmentation", "segmentations", "segmentationclass", "segmentationobject", "labelmaps"),
    *("target", "targets", "truth"),
}


@dataclass(frozen=True)
class Layout:
    """The folder with the training classes, those of the other parts if any, and notes."""

    train: Tree
    test: Tree | None
    notes: tuple[str, ...]
    validation: Tree | None = None


def part_of(name: str) -> str | None:
    """The part of a dataset that a folder's name stands for, or None.

    Examples:
        >>> [part_of(name) for name in ("train_set", "Training", "val_images", "test2017", "cat")]
        ['train', 'training', 'val', 'test', None]
    """
    words = [word for word in _words(name) if word not in _FILLERS]
    return _part(words[0]) if len(words) == 1 else None


def _words(name: str) -> list[str]:
    return re.findall("[a-z]+", re.sub("(held|hold)[-_ ]?out", "holdout", name.lower()))


def _part(word: str) -> str | None:
    bare = re.sub("(set|data|images|imgs)$", "", word)
    return bare if bare in (*_TRAIN, *_TEST) else None


def parts_of(names: Iterable[str]) -> dict[str, str | None]:
    """The part that each name stands for, alone or together with the others.

    Examples:
        ``seg_train`` and ``seg_test`` are parts because they differ only in that word:

        >>> parts_of(["seg_train", "seg_test"])
        {'seg_train': 'train', 'seg_test': 'test'}
        >>> parts_of(["seg_train"])
        {'seg_train': None}
    """
    parts = {name: part_of(name) for name in names}
    longer: dict[tuple[str | None, ...], dict[str, str]] = {}
    for name in (name for name, part in parts.items() if not part):
        words = _words(name)
        found = [part for part in map(_part, words) if part]
        if len(found) == 1:
            rest = tuple(None if _part(word) else word for word in words)
            longer.setdefault(rest, {})[name] = found[0]
    for group in longer.values():
        if set(group.values()) & set(_TRAIN) and set(group.values()) & set(_TEST):
            parts |= group
    return parts


def find_layout(path: Path) -> Layout:
    """Tell whether a folder holds classes, or ``train/`` and ``test/`` with classes inside.

    A folder is a part of the set only if it has such a name and contains class folders. One called
    ``validation`` or the like is the validation set beside ``test/``, and otherwise the test set.

    Raises:
        UserError: the folder is ambiguous; the message says how to resolve it.
    """
    whole = Tree(path)
    parts = parts_of([*whole.folders, *_linked(whole)])
    # Each part is listed separately: it may consist of links to folders beside it.
    trees = {name: Tree(path / name) for name, part in parts.items() if part}
    split = {name: tree for name, tree in trees.items() if tree.classes}
    trains, tests = _ranked(split, parts, _TRAIN), _ranked(split, parts, _TEST)
    rest = [name for name in whole.classes if name not in split]
    if trains and not tests and rest:
        trains = _unless_a_class(whole, trains, split, [n for n in rest if not parts[n]])
    if not trains:
        _check_parts(path, whole, tests, split, parts)
        return Layout(whole, None, tuple(_notes_on_classes(whole, trees)))
    used = [trains[0], *tests[:1]]
    if tests and parts[tests[0]] not in VALIDATION:
        used += _ranked(split, parts, VALIDATION)[:1]
    notes = _notes_on_parts(whole, used, parts, trees)
    train, *others = (split[name] for name in used)
    test, validation = [*others, None, None][:2]
    return Layout(train, test, tuple(notes), validation)


def check_classes(tree: Tree) -> None:
    """Check that the folders are classes, not images beside masks, nor with ``train/`` inside.

    Raises:
        UserError: they are not; the message names them.
    """
    classes = tree.classes
    if pair := _masked(classes):
        raise UserError(
            f"{tree.root}: {listed(pair)} are images and their masks, not classes: "
            "a folder of images for each class is needed"
        )
    for name in classes:
        if pair := _masked(sorted(tree.inner(name))):
            raise UserError(
                f"{tree.root / name}: {listed(pair)} are images and their masks: move the masks "
                f"out of {tree.root}, or they would count as images of the class"
            )
    inner = [{part_of(name) for name in tree.inner(name)} for name in classes]
    if len(classes) > 1 and all(p & set(_TRAIN) and p & set(_TEST) for p in inner):
        raise UserError(
            f"{tree.root}: every class folder has a training and a test folder: swap the levels, "
            f"as in train/{classes[0]}/ and test/{classes[0]}/"
        )


def _linked(whole: Tree) -> list[str]:
    """Links in the folder that are named like parts and lead to folders with other names."""
    there = {os.path.realpath(whole.path(name)) for name in whole.folders if part_of(name)}
    names = []
    for path in sorted(path for path in whole.links if _is_in(path, whole)):
        name, real = os.path.basename(path), os.path.realpath(path)
        if part_of(name) and os.path.isdir(real) and real not in there:
            names.append(name)
            there.add(real)
    return names


def _masked(names: Iterable[str]) -> list[str]:
    """The names of folders with images and with their masks, if there are both; otherwise none.

    They may share further words, as in ``train_images`` and ``train_masks``.
    """
    kinds: dict[tuple[str, ...], tuple[list[str], list[str]]] = {}
    for name in names:
        plain = re.sub("[^a-z]", "", name.lower())
        words = [plain] if plain in _IMAGES | _MASKS else re.findall("[a-z]+", name.lower())
        for which, kind in enumerate((_IMAGES, _MASKS)):
            if set(words) & kind:
                rest = tuple(word for word in words if word not in kind)
                kinds.setdefault(rest, ([], []))[which].append(name)
    return next(([*images, *masks] for images, masks in kinds.values() if images and masks), [])


def _is_in(path: str, whole: Tree) -> bool:
    return Path(path).parent == whole.root


def _ranked(
    names: Iterable[str], parts: dict[str, str | None], words: tuple[str, ...]
) -> list[str]:
    """The folders that stand for one of the words, in the order of the words."""
    found = [
        (words.index(part), n.lower() != part, n) for n in names if (part := parts[n]) in words
    ]
    return [name for *_, name in sorted(found)]


def _unless_a_class(
    whole: Tree, trains: list[str], split: dict[str, Tree], others: list[str]
) -> list[str]:
    """Return `trains`, or nothing if ``train/`` is a class of trains among other vehicles."""
    first = trains[0]
    alike = [name for name in others if whole.inner(name) & set(split[first].classes)]
    if not others or alike:
        return trains
    if first in whole.folders and whole.direct(first):
        return []
    raise UserError(
        f"{whole.root}: {first}/ may be the training set, since it holds folders of images, or a "
        f"class like {listed(others)} beside it: for the former, give {whole.root / first}; for "
        f"the latter, rename {first}/"
    )


def _check_parts(
    path: Path,
    whole: Tree,
    tests: list[str],
    split: dict[str, Tree],
    parts: dict[str, str | None],
) -> None:
    """Raise UserError for parts that would be taken for classes, as there is no training set."""
    others = [name for name in whole.classes if name not in tests]
    flat = [name for name in others if parts[name]]
    if flat == others and len(whole.classes) > 1 and flat:
        raise UserError(
            f"{path}: {listed(flat)} hold images but no class folders: put the images of each "
            f"class into its own folder, as in {flat[-1]}/CLASS/"
        )
    shared = [n for n in others if any(whole.inner(n) & set(split[t].classes) for t in tests)]
    if shared or (len(tests) > 1 and not others):
        raise UserError(
            f"{path}: {listed([*shared, *tests])} hold folders of images, and none is called "
            "train: rename the training set to train"
        )


def _notes_on_classes(whole: Tree, trees: dict[str, Tree]) -> list[str]:
    return [
        f"{name}/ is a class: "
        + ("there is no training set" if tree.classes else "it contains no class folders")
        for name, tree in trees.items()
        if name in whole.classes
    ]


def _notes_on_parts(
    whole: Tree, used: list[str], parts: dict[str, str | None], trees: dict[str, Tree]
) -> list[str]:
    notes = []
    if part_of(used[0]) != used[0].lower():
        notes.append(f"{used[0]}/ is the training set")
    for name, which in zip(used[1:], ("test", "validation"), strict=False):
        notes.append(f"{name}/ is the {which} set")
    for name in (name for name in trees if name not in used):
        if not trees[name].classes:
            notes.append(f"{name}/ is not used: it contains no class folders with images")
        else:
            notes.append(f"{name}/ is not used: {_preferred(parts[name], used)}/ is")
    others = [name for name in whole.folders if name not in trees]
    elsewhere = [os.path.basename(p) for p in (*whole.hidden, *whole.links) if _is_in(p, whole)]
    others += [name for name in elsewhere if name not in trees]
    if others:
        notes.append(f"not used beside {used[0]}/: {listed(others)}")
    if whole.loose:
        many = "1 image" if len(whole.loose) == 1 else f"{len(whole.loose)} images"
        notes.append(f"{many} beside {used[0]}/ skipped")
    return notes


def _preferred(part: str | None, used: list[str]) -> str:
    """The folder that is used instead of another one that stands for the part."""
    if part in _TRAIN:
        return used[0]
    return used[-1] if part in VALIDATION else used[1]

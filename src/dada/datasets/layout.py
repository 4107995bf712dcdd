"""Which folders of an image folder are classes, and which are its training and test set."""

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from dada.datasets.tree import Tree
from dada.errors import UserError, listed

_TRAIN = ("train", "training")
_TEST = (
    *("test", "testing", "val", "valid", "validation", "eval", "evaluation", "dev", "holdout"),
)
"""The first one found is used."""

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
    """The folder of the training classes, that of the test classes if there is one, and notes."""

    train: Tree
    test: Tree | None
    notes: tuple[str, ...]


def part_of(name: str) -> str | None:
    """The part of a set that a folder's name stands for, by the words above; else None.

    ``train_set``, ``Training``, ``val_images`` and ``test2017`` count as ``train``, ``training``,
    ``val`` and ``test``.
    """
    words = [word for word in _words(name) if word not in _FILLERS]
    return _part(words[0]) if len(words) == 1 else None


def _words(name: str) -> list[str]:
    return re.findall("[a-z]+", re.sub("(held|hold)[-_ ]?out", "holdout", name.lower()))


def _part(word: str) -> str | None:
    bare = re.sub("(set|data|images|imgs)$", "", word)
    return bare if bare in (*_TRAIN, *_TEST) else None


def parts_of(names: Iterable[str]) -> dict[str, str | None]:
    """The part that each name stands for, by itself or beside the others.

    ``seg_train`` and ``seg_test`` are parts since they differ in nothing but the part; alone
    they are not.
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
    """Tell class folders from ``train/`` and ``test/`` folders of them.

    A folder is a part of a set only where it is called like one and holds class folders.

    Raises:
        UserError: it is not clear which of the two; the message says how to make it clear.
    """
    whole = Tree(path)
    parts = parts_of([*whole.folders, *_linked(whole)])
    # A tree of its own: a part may be made of links to what lies beside it.
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
    notes = _notes_on_parts(whole, used, tests, trees)
    return Layout(split[trains[0]], split[tests[0]] if tests else None, tuple(notes))


def check_classes(tree: Tree) -> None:
    """Refuse folders that are no classes: images beside their masks, parts inside classes.

    Raises:
        UserError: it names them.
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
                f"out of {tree.root}, as they would count as images of the class"
            )
    inner = [{part_of(name) for name in tree.inner(name)} for name in classes]
    if len(classes) > 1 and all(p & set(_TRAIN) and p & set(_TEST) for p in inner):
        raise UserError(
            f"{tree.root}: every class folder has a training and a test folder: put the parts "
            f"first, as in train/{classes[0]}/ and test/{classes[0]}/"
        )


def _linked(whole: Tree) -> list[str]:
    """Links in the folder that are called like parts and lead to a folder of another name in it."""
    there = {os.path.realpath(whole.path(name)) for name in whole.folders if part_of(name)}
    names = []
    for path in sorted(path for path in whole.links if _is_in(path, whole)):
        name, real = os.path.basename(path), os.path.realpath(path)
        if part_of(name) and os.path.isdir(real) and real not in there:
            names.append(name)
            there.add(real)
    return names


def _masked(names: Iterable[str]) -> list[str]:
    """Of folders' names those of images and of their masks, if there are both, else none.

    They may have more words, all of them the same, as ``train_images`` and ``train_masks``.
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
    """The folders that stand for one of the words, the first word's first."""
    found = [
        (words.index(part), n.lower() != part, n) for n in names if (part := parts[n]) in words
    ]
    return [name for *_, name in sorted(found)]


def _unless_a_class(
    whole: Tree, trains: list[str], split: dict[str, Tree], others: list[str]
) -> list[str]:
    """Tell a training set from a class of trains among other vehicles: none of the latter."""
    first = trains[0]
    alike = [name for name in others if whole.inner(name) & set(split[first].classes)]
    if not others or alike:
        return trains
    if first in whole.folders and whole.direct(first):
        return []
    raise UserError(
        f"{whole.root}: {first}/ may be the training set, for it holds folders of images, or a "
        f"class like {listed(others)} beside it: give {whole.root / first} for the former; for "
        f"the latter give {first}/ another name"
    )


def _check_parts(
    path: Path,
    whole: Tree,
    tests: list[str],
    split: dict[str, Tree],
    parts: dict[str, str | None],
) -> None:
    """Refuse parts of a set that would pass for classes, as no training set is recognised."""
    others = [name for name in whole.classes if name not in tests]
    flat = [name for name in others if parts[name]]
    if flat == others and len(whole.classes) > 1 and flat:
        raise UserError(
            f"{path}: {listed(flat)} hold images but no class folders: put the images of each "
            f"class into a folder of its own, as in {flat[-1]}/CLASS/"
        )
    shared = [n for n in others if any(whole.inner(n) & set(split[t].classes) for t in tests)]
    if shared or (len(tests) > 1 and not others):
        raise UserError(
            f"{path}: {listed([*shared, *tests])} hold folders of images, and none is called "
            "train: give the training set that name"
        )


def _notes_on_classes(whole: Tree, trees: dict[str, Tree]) -> list[str]:
    return [
        f"{name}/ is a class: "
        + ("there is no training set" if tree.classes else "it has no class folders in it")
        for name, tree in trees.items()
        if name in whole.classes
    ]


def _notes_on_parts(
    whole: Tree, used: list[str], tests: list[str], trees: dict[str, Tree]
) -> list[str]:
    notes = []
    if part_of(used[0]) != used[0].lower():
        notes.append(f"{used[0]}/ is the training set")
    for name in (*tests, *(n for n in trees if n not in (*used, *tests))):
        if name in used:
            notes.append(f"{name}/ is the test set")
        elif not trees[name].classes:
            notes.append(f"{name}/ is not used: it has no class folders with images")
        else:
            notes.append(f"{name}/ is not used beside {used[-1]}/")
    others = [name for name in whole.folders if name not in trees]
    elsewhere = [os.path.basename(p) for p in (*whole.hidden, *whole.links) if _is_in(p, whole)]
    others += [name for name in elsewhere if name not in trees]
    if others:
        notes.append(f"not used beside {used[0]}/: {listed(others)}")
    if whole.loose:
        many = "1 image" if len(whole.loose) == 1 else f"{len(whole.loose)} images"
        notes.append(f"{many} beside {used[0]}/ left out")
    return notes

"""Decide which folders of an image folder are classes and which are parts of the set."""

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from dada.datasets.parts import (
    TEST,
    TRAIN,
    VALIDATION,
    part_of,
    parts_of,
    ranked,
    roles_in_words,
    roles_of,
)
from dada.datasets.tree import Tree
from dada.errors import UserError, listed

_IMAGES = {
    *("image", "images", "img", "imgs", "jpegimages", "input", "inputs", "photos", "pictures"),
    *("original", "originals"),
}
_MASKS = {
    *("mask", "masks", "label", "labels", "annotation", "annotations", "groundtruth", "gt", "seg"),
    *("segmentation", "segmentations", "segmentationclass", "segmentationobject", "labelmaps"),
    *("target", "targets", "truth"),
}
_NO_CLASS = {
    *("test", "testing", "unknown", "unlabeled", "unlabelled", "all", "classes", "images", "image"),
    *("img", "imgs", "data", "pictures", "photos", "predict", "prediction"),
}


@dataclass(frozen=True)
class Layout:
    """The folder with the training classes, those of the other parts if any, and notes."""

    train: Tree
    test: Tree | None
    notes: tuple[str, ...]
    validation: Tree | None = None


def find_layout(path: Path, tested: bool = False) -> Layout:
    """Tell whether a folder holds classes, or ``train/`` and ``test/`` with classes inside.

    A folder is a part of the set only if it has such a name and contains class folders. One called
    ``validation`` or the like is the validation set beside ``test/``, and otherwise the test set.

    Args:
        path: the folder.
        tested: whether only test images count. There may be no training set: then `train` is
            `test`.

    Raises:
        UserError: the folder is ambiguous; the message says how to resolve it.
    """
    whole = Tree(path)
    parts = parts_of([*whole.folders, *_linked(whole)])
    # Each part is listed separately: it may consist of links to folders beside it.
    trees = {name: _inside(Tree(path / name)) for name, part in parts.items() if part}
    split = {name: tree for name, tree in trees.items() if tree.classes}
    trains = ranked({name: parts[name] for name in split}, TRAIN)
    tests = [name for name in split if name not in trains]
    rest = [name for name in whole.classes if name not in split]
    if trains and not tests and rest:
        others = [n for n in rest if not parts[n] and not is_unlabelled(n)]
        trains = _unless_a_class(whole, trains, split, others)
    if not trains and tested and tests and not rest:
        roles = roles_of({name: parts[name] for name in tests})
        test, *_ = (split[name] for name, role in roles.items() if role == "test")
        notes = [f"{test.root.name}/ is the test set", *_notes_on_others(whole, trees, "it")]
        return Layout(test, test, (*notes, *_left_unlabelled(test)))
    if not trains:
        _check_parts(path, whole, tests, split, parts)
        return Layout(whole, None, (*_notes_on_classes(whole, trees), *_left_unlabelled(whole)))
    usable = {n: parts[n] for n in split if not _is_dummy(split[n], split[trains[0]])}
    roles = roles_of(usable)
    notes = roles_in_words(roles, usable, {name: _count(split[name]) for name in usable}, "/")
    notes += [_unused(name, trees[name]) for name in trees if name not in usable]
    notes += _notes_on_others(whole, trees, f"{trains[0]}/")
    found = {role: split[name] for name, role in roles.items()}
    for tree in found.values():
        notes += _left_unlabelled(tree)
    return Layout(found["train"], found.get("test"), tuple(notes), found.get("validation"))


def check_classes(tree: Tree) -> None:
    """Check that the folders are classes, not images beside masks, nor with ``train/`` inside.

    Raises:
        UserError: they are not; the message names them.
    """
    classes = tree.classes
    if pair := _masked(classes):
        raise UserError(
            f"{tree.root}: {listed(pair)} are images and their masks, not classes: masks need the "
            "names of their images, or each class a folder of images"
        )
    for name in classes:
        if pair := _masked(sorted(tree.inner(name))):
            raise UserError(
                f"{tree.root / name}: {listed(pair)} are images and their masks: move the masks "
                f"out of {tree.root}, or they would count as images of the class"
            )
    inner = [{part_of(name) for name in tree.inner(name)} for name in classes]
    if len(classes) > 1 and all(p & set(TRAIN) and p & {*TEST, *VALIDATION} for p in inner):
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


def _notes_on_others(whole: Tree, trees: dict[str, Tree], train: str) -> list[str]:
    """Notes on what is beside the parts."""
    notes = []
    others = [name for name in whole.folders if name not in trees]
    count = sum(len(whole.folders[name]) for name in others)
    elsewhere = [os.path.basename(p) for p in (*whole.hidden, *whole.links) if _is_in(p, whole)]
    others += [name for name in elsewhere if name not in trees]
    if others:
        many = f" ({_images(count)})" if count else ""
        notes.append(f"not used beside {train}: {listed(others)}{many}")
    if whole.loose:
        notes.append(f"{_images(len(whole.loose))} beside {train} skipped")
    return notes


def _unused(name: str, tree: Tree) -> str:
    """The note on a part whose images have no labels."""
    if tree.classes:
        return f"{name}/ is not used: {_images(_count(tree))} without labels, in {tree.classes[0]}/"
    if tree.loose:
        return f"{name}/ is not used: {_images(len(tree.loose))} in no class folder"
    return f"{name}/ is not used: it contains no class folders with images"


def _inside(tree: Tree) -> Tree:
    """The folder inside if it has the same part's name, as in ``test/test/``, and is all."""
    inner = tree.classes[0] if len(tree.classes) == 1 and not tree.loose else ""
    if not inner or part_of(inner) != part_of(tree.root.name) or tree.direct(inner):
        return tree
    return Tree(tree.root / inner)


def _is_dummy(tree: Tree, train: Tree) -> bool:
    """Whether all images are in one folder that stands for no class, as Keras needs it."""
    words = set(re.findall("[a-z]+", tree.classes[0].lower()))
    return len(tree.classes) == 1 and tree.classes[0] not in train.classes and words <= _NO_CLASS


def is_unlabelled(name: str) -> bool:
    """Whether a folder of this name holds images without labels, and so is no class.

    Examples:
        >>> [is_unlabelled(name) for name in ("unlabeled", "Unlabelled images", "unsup", "uncle")]
        [True, True, True, False]
    """
    return bool(re.match("un(labell?ed|sup)(?![a-z])|unsupervised", name.lower()))


def _left_unlabelled(tree: Tree) -> list[str]:
    """Take folders of images without labels out of the classes; notes that say so."""
    found = [name for name in tree.classes if is_unlabelled(name)]
    counts = {name: len(tree.folders.pop(name)) for name in found}
    return [
        f"{tree.root.name}/{name}/ is not a class: {_images(count)} left out"
        for name, count in counts.items()
    ]


def _count(tree: Tree) -> int:
    return sum(map(len, tree.folders.values()))


def _images(count: int) -> str:
    return "1 image" if count == 1 else f"{count:,} images"

"""The words by which users call the parts of their data, and which part becomes what."""

import re
from collections.abc import Iterable, Mapping

TRAIN = ("train", "training")
TEST = ("test", "testing", "holdout")
VALIDATION = ("val", "valid", "validation", "dev", "eval", "evaluation")
"""Each in order of preference."""

_TESTS = (*TEST, "eval", "evaluation", "val", "valid", "validation", "dev")
"""A part called by a later word is the test set only where no earlier one is there."""

_FILLERS = {"set", "sets", "data", "dataset", "split", "image", "images", "img", "imgs", "pictures"}


def part_of(name: str) -> str | None:
    """The part of a dataset that a name stands for, or None.

    Examples:
        >>> [part_of(name) for name in ("train_set", "Training", "val_images", "test2017", "cat")]
        ['train', 'training', 'val', 'test', None]
    """
    words = [word for word in _words(name) if word not in _FILLERS]
    return _part(words[0]) if len(words) == 1 else None


def kind_of(name: str) -> str | None:
    """``train``, ``test`` or ``validation``, for a name that stands for such a part, or None.

    Examples:
        >>> [kind_of(name) for name in ("Training", "val2017", "testset", "cat")]
        ['train', 'validation', 'test', None]
    """
    kinds = {"train": TRAIN, "test": TEST, "validation": VALIDATION}
    return next((kind for kind, words in kinds.items() if part_of(name) in words), None)


def _words(name: str) -> list[str]:
    return re.findall("[a-z]+", re.sub("(held|hold)[-_ ]?out", "holdout", name.lower()))


def _part(word: str) -> str | None:
    bare = re.sub("(set|data|images|imgs)$", "", word)
    return bare if bare in (*TRAIN, *TEST, *VALIDATION) else None


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
        if set(group.values()) & set(TRAIN) and set(group.values()) - set(TRAIN):
            parts |= group
    return parts


def roles_of(parts: Mapping[str, str | None]) -> dict[str, str]:
    """Which names are the training, the test and the validation set, as far as there are any.

    A validation set is the test set if there is no other.

    Args:
        parts: as `parts_of` finds them, of the parts that can be used.

    Examples:
        >>> roles_of(parts_of(["train", "val", "test", "cats"]))
        {'train': 'train', 'test': 'test', 'val': 'validation'}
        >>> roles_of(parts_of(["Training", "dev"]))
        {'Training': 'train', 'dev': 'test'}
        >>> roles_of(parts_of(["train", "dev", "eval"]))
        {'train': 'train', 'eval': 'test', 'dev': 'validation'}
    """
    roles: dict[str, str] = {}
    for role, words in (("train", TRAIN), ("test", _TESTS), ("validation", VALIDATION)):
        left = {name: part for name, part in parts.items() if name not in roles}
        roles |= dict.fromkeys(ranked(left, words)[:1], role)
    return roles


def ranked(parts: Mapping[str, str | None], words: tuple[str, ...]) -> list[str]:
    """The names that stand for one of the words, in the order of the words."""
    found = [(words.index(p), n.lower() != p, n) for n, p in parts.items() if p in words]
    return [name for *_, name in sorted(found)]


def roles_in_words(
    roles: Mapping[str, str],
    parts: Mapping[str, str | None],
    counts: Mapping[str, int],
    mark: str = "",
) -> list[str]:
    """Notes on what each part is, and on parts that are not used because others are.

    Args:
        roles: as `roles_of` gives them.
        parts: those that could be used.
        counts: the number of images of each.
        mark: what to write after a name, such as ``/`` after a folder's.

    Examples:
        >>> parts = parts_of(["train", "val", "test", "testing"])
        >>> notes = roles_in_words(roles_of(parts), parts, dict.fromkeys(parts, 5), "/")
        >>> notes[:2]
        ['test/ is the test set', 'val/ is the validation set']
        >>> notes[2]
        'testing/ is not used (5 images): test/ is the test set'
        >>> parts = parts_of(["train", "val"])
        >>> roles_in_words(roles_of(parts), parts, dict.fromkeys(parts, 5))
        ['val is the test set: there is no other']
    """
    notes, names = [], {role: name for name, role in roles.items()}
    for name, role in roles.items():
        why = ": there is no other" if role == "test" and parts[name] in VALIDATION else ""
        if role != "train" or name.lower() not in TRAIN:
            notes.append(f"{name}{mark} is the {_SETS[role]}{why}")
    for name, part in parts.items():
        if part and name not in roles:
            role = "train" if part in TRAIN else "test" if part in TEST else "validation"
            role = role if role in names else "test"
            many = "1 image" if counts[name] == 1 else f"{counts[name]:,} images"
            taken = f"{names[role]}{mark} is the {_SETS[role]}"
            notes.append(f"{name}{mark} is not used ({many}): {taken}")
    return notes


_SETS = {"train": "training set", "test": "test set", "validation": "validation set"}

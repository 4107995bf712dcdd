"""Hostile policies and settings: each ends in one clear line, or in something that works."""

from __future__ import annotations

import copy
import json
import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import torch
from PIL import Image

from dada.errors import UserError
from dada.ops import names
from dada.policy import (
    AnyPolicy,
    Operation,
    OperationList,
    Policy,
    PolicySchedule,
    Scale,
    Stage,
    SubPolicy,
    dumps,
    load_policy,
    loads,
)
from dada.searching.settings import make_settings

_NUMBERS = [0, 1, -1, 0.5, 1.0000001, 2, 8.5, 300, 400, -1e20, 1e308, -1e308, 1e6, 5e-324, 10**400]
_NUMBERS += [float("nan"), float("inf"), float("-inf"), True, -0.0, 2**63]
_OTHERS = [None, "", "0.5", "Rotate", "\x1b[2J", "\ud800", "é\n", [], {}, [[]], [0], {"a": 1}]
_OTHERS += ["x" * 5000, [0] * 20_000, [["Rotate", 1, 1]] * 17]
_TOKENS = [
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    '"',
    "'",
    "NaN",
    "1e999",
    "null",
    "True",
    "{[]:1}",
    "\\ud800",
]
_TOKENS += ["[" * 5000, "9" * 5000, "-", "\x00", "(", "lambda: 0", "__import__('os')", "1j", "b''"]


def campaign(seed: int, count: int) -> dict[str, int]:
    """Try `count` hostile texts of policies, and `count` hostile settings.

    Returns:
        How many were refused and how many worked, of each kind.

    Raises:
        AssertionError: a refusal is not one short line, or what was read does not work.
        Exception: anything else that came out is a bug.
    """
    generator = random.Random(seed)
    texts = [dumps(policy) for policy in _samples()]
    found: Counter[str] = Counter()
    for _ in range(count):
        text = _mutated(generator.choice(texts), generator)
        found["policies " + _outcome(lambda text=text: _use(loads(text)))] += 1  # type: ignore[misc]
        given = _settings(generator)
        found["settings " + _outcome(lambda given=given: _search(given))] += 1  # type: ignore[misc]
    return dict(found)


def _samples() -> list[AnyPolicy]:
    """Of every form that a file can have."""
    long = SubPolicy(tuple(Operation(o, 0.7, 0.3, 1.0) for o in ("Rotate", "Cutout", "Posterize")))
    bounds = {"Rotate": (-9.0, 9.0), "Posterize": (1.0, 8.0), "Solarize": (0.0, 99.0)}
    short = SubPolicy((Operation("Solarize", 1.0, 1.0, 0.5),), 0.0)
    wide = Policy((long, short), Scale("strength", bounds), "wide", {"seed": 3, "betas": [0.5]})
    listed = OperationList(long.operations, (0.5, 0.25, 0.25), wide.scale)
    schedule = PolicySchedule((Stage(2, listed), Stage(30, wide)), "changes", {"seed": 4})
    few = load_policy("dada-cifar10").at(0).top(3)
    return [few, wide, Policy.none(), schedule]


def _outcome(attempt: Callable[[], None]) -> str:
    try:
        attempt()
    except UserError as error:
        line = str(error)
        assert line and len(line) < 1000 and line.isprintable(), line
        return "refused"
    return "worked"


def _use(policy: AnyPolicy) -> None:
    """All that a policy is for."""
    text = dumps(policy)
    assert text.isascii() and loads(text) == policy and dumps(loads(text)) == text
    assert loads(dumps(policy.rounded())) == policy.rounded() == policy.rounded().rounded()
    assert all(line.isprintable() for line in policy.describe(limit=3, side=32).splitlines())
    transform = policy.transform()
    transform.set_epoch(0)
    images = torch.zeros(4, 3, 5, 7, dtype=torch.uint8)
    assert transform(images).shape == images.shape
    assert transform(Image.new("RGB", (7, 5))).size == (7, 5)


def _search(given: dict[str, Any]) -> None:
    settings = make_settings(**given)
    _use(settings.space.uniform().top(2))


def _settings(generator: random.Random) -> dict[str, Any]:
    operations = 3 * ["Rotate", "Posterize", "Solarize", "Contrast"] + ["Invert", "Nothing", ""]
    bounds = {generator.choice(operations): _bounds(generator)}
    given: dict[str, Any] = {"bounds": bounds, "preset": generator.choice(["default", "step"])}
    if generator.random() < 0.5:
        given["spread"] = generator.choice([0.0, 100.0, generator.choice(_NUMBERS)])
    if generator.random() < 0.2:
        given[generator.choice(["length", "scale", "operations", "keep"])] = _value(generator)
    return given


def _bounds(generator: random.Random) -> Any:
    """Mostly two numbers, of which some are impossible."""
    if generator.random() < 0.2:
        return _value(generator)
    usual = [generator.uniform(-300, 300) for _ in range(len(_NUMBERS))]
    count = generator.choice([2, 2, 2, 2, 2, 2, 1, 3])
    return [generator.choice(_NUMBERS + 2 * usual) for _ in range(count)]


def _value(generator: random.Random) -> Any:
    """Something that fits nowhere, fits somewhere, or is a number in [0, 1]."""
    kinds = [_NUMBERS, _OTHERS, [generator.random()]]
    return copy.deepcopy(generator.choice(generator.choice(kinds)))


def _mutated(text: str, generator: random.Random) -> str:
    """The text of a policy with one or two things changed: in its tree, or in its characters."""
    for _ in range(generator.randint(1, 2)):
        if generator.random() < 0.8:
            text = _other_tree(text, generator)
        else:
            start = generator.randrange(len(text) + 1)
            end = min(len(text), start + generator.choice([0, 1, 1, 5, 200]))
            text = text[:start] + generator.choice(["", *_TOKENS]) + text[end:]
    return text.replace('"', "'") if generator.random() < 0.1 else text


def _other_tree(text: str, generator: random.Random) -> str:
    try:
        tree = json.loads(text)
    except (ValueError, RecursionError):
        return text
    places = list(_places(tree))
    if not places:
        return text
    parent, key = generator.choice(places)
    deed = generator.random()
    if deed < 0.7:
        scaled = isinstance(key, str) and key in names()
        parent[key] = _bounds(generator) if scaled else _value(generator)
    elif deed < 0.8:
        del parent[key]
    elif deed < 0.9:
        parent[key] = [copy.deepcopy(parent[key])]
    elif isinstance(parent, dict):
        parent[generator.choice(["spread", "code", "\x1b", "é"])] = _value(generator)
    else:
        parent.insert(key, copy.deepcopy(parent[key]))
    try:
        return json.dumps(tree)
    except ValueError:  # an integer of too many digits
        return text


def _places(tree: Any) -> Any:
    """Every (container, key) of a tree."""
    children = tree.items() if isinstance(tree, dict) else enumerate(tree)
    for key, child in children if isinstance(tree, dict | list) else ():
        yield tree, key
        if len(str(child)) < 3000:
            yield from _places(child) if isinstance(child, dict | list) else ()

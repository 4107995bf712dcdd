"""Hostile names of policies in every export: text, and never code."""

import ast
import random
from collections import Counter
from dataclasses import replace

from dada.errors import UserError
from dada.export import TARGETS, write
from dada.policy import load_policy

PIECES = ('"""', "'''", '"', "'", "\\", "\n", "\r", "\x85", "\u2028", "\x00", "#", "{", "}", "%s")
PIECES += (
    "import os",
    "os.system('x')",
    "\nprint(1)\n",
    "é",
    "\ud800",
    "</script>",
    "a",
    "\\N{DASH}",
)


def campaign(seed, count):
    """Export a policy under `count` hostile names, to every library.

    Returns:
        How many were written and refused.

    Raises:
        AssertionError: the name changed more than texts and comments.
    """
    rng, found = random.Random(seed), Counter()
    policy = load_policy("dada-cifar10").top(2)
    tame = {target: structure(write(policy, target)) for target in TARGETS}
    for _ in range(count):
        name = "".join(rng.choices(PIECES, k=rng.randint(1, 6)))
        for target in TARGETS:
            try:
                text = write(replace(policy, name=name), target)
            except UserError as error:
                assert "\n" not in str(error), error
                found["exports refused"] += 1
                continue
            assert text.isascii() and structure(text) == tame[target], (target, name)
            found["exports written"] += 1
    return dict(found)


def structure(text):
    """The code without its texts."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            node.value = ""
    return ast.dump(tree)

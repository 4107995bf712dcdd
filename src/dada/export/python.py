"""One Python file that needs only Pillow and gives exactly the bytes that `dada` gives."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from PIL import Image

from dada.export.interface import Target
from dada.export.templates import fill, operations
from dada.export.words import ALONE, heading, used
from dada.ops import get
from dada.policy import Operation, Policy, SubPolicy

_WIDTH = 100  # of a line of the file

USAGE = """    augment = Augment()
    image = augment(image)  # a PIL image of mode RGB or L"""


def _source(policy: Policy, ending: str) -> str:
    """The file: the policy's table, the operations in it and no others, and ``Augment``."""
    head = heading(policy, "Pillow alone", f"{USAGE}\n\n{ALONE}")
    return fill("python", head, tables(policy, "python"))


def _differences(policy: Policy) -> list[str]:
    """None: sub-policies, signs, places, magnitudes and bytes are those of `dada`."""
    return []


def _load(text: str, ending: str) -> Callable[[Image.Image], Image.Image]:
    """The file at work: its ``Augment()``."""
    augment: Callable[[Image.Image], Image.Image] = run(text)["Augment"]()
    return augment


def run(text: str) -> dict[str, Any]:
    """The names that the text of a Python file defines, once it has run."""
    names: dict[str, Any] = {"__name__": "policy"}
    exec(compile(text, "policy.py", "exec"), names)
    return names


def tables(policy: Policy, template: str) -> dict[str, str]:
    """The tables of a template, by variable. It must have all operations of the policy."""
    functions = operations(template)
    present = used(policy)
    names = [name for name in functions if name in present]
    values = [f'    "{name}": {policy.scale.lines(get(name))!r},\n' for name in names]
    entries = [f'    "{name}": {functions[name]},\n' for name in names]
    rows = [_row(s) for s in policy.leading() if s.weight > 0]
    return {
        "SUB_POLICIES": f"[\n{''.join(rows)}]",
        "LINES": f"{{\n{''.join(values)}}}",
        "OPERATIONS": f"{{\n{''.join(entries)}}}",
        "PLACED": json.dumps([name for name in names if get(name).random_place]),
        "GEOMETRIC": json.dumps([name for name in names if get(name).affine_map]),
    }


def _row(sub_policy: SubPolicy) -> str:
    operations = [_plain(o) for o in sub_policy.operations]
    line = f"    ({sub_policy.weight!r}, [{', '.join(operations)}]),\n"
    if len(line) <= _WIDTH:
        return line
    inner = "".join(f"        {o},\n" for o in operations)
    return f"    ({sub_policy.weight!r}, [\n{inner}    ]),\n"


def _plain(o: Operation) -> str:
    return f'("{o.name}", {o.probability!r}, {o.magnitude!r}, {o.spread!r})'


target = Target(
    name="python",
    what="one file that needs Pillow alone, exact to the byte",
    endings=(".py",),
    operations=operations("python"),
    text_of=_source,
    differences_of=_differences,
    load_from=_load,
)

"""One file of Python that needs Pillow alone and gives the very bytes that `dada` gives."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from PIL import Image

from dada.errors import UserError
from dada.export.templates import fill, operations
from dada.export.words import heading, used
from dada.ops import get
from dada.policy import Operation, Policy, SubPolicy

ENDINGS = (".py",)
_WIDTH = 100  # of a line of the file

USAGE = """    augment = Augment()
    image = augment(image)  # a PIL image of mode RGB or L"""


def source(policy: Policy, ending: str = ".py") -> str:
    """The file: the policy's table, the operations in it and no others, and ``Augment``.

    Raises:
        UserError: an operation that is not in the template.
    """
    return fill("python", heading(policy, "Pillow alone", USAGE), tables(policy, "python"))


def differences(policy: Policy) -> list[str]:
    """None: sub-policies, signs, places, magnitudes and bytes are those of `dada`."""
    return []


def load(text: str, ending: str = ".py") -> Callable[[Image.Image], Image.Image]:
    """The file at work: its ``Augment()``."""
    augment: Callable[[Image.Image], Image.Image] = run(text)["Augment"]()
    return augment


def run(text: str) -> dict[str, Any]:
    """The names that a file of Python makes."""
    names: dict[str, Any] = {"__name__": "policy"}
    exec(compile(text, "policy.py", "exec"), names)
    return names


def tables(policy: Policy, template: str) -> dict[str, str]:
    """The tables of a template: sub-policies, lines from magnitude to value, operations.

    Raises:
        UserError: an operation that is not in the template.
    """
    functions = operations(template)
    check_known(policy, functions, template)
    present = used(policy)
    names = [name for name in functions if name in present]
    values = [f'    "{name}": {policy.scale.lines(get(name))!r},\n' for name in names]
    entries = [f'    "{name}": {functions[name]},\n' for name in names]
    rows = [_row(s) for s in policy.leading() if s.weight > 0]
    return {
        "SUB_POLICIES": f"[\n{''.join(rows)}]",
        "LINES": f"{{\n{''.join(values)}}}",
        "OPERATIONS": f"{{\n{''.join(entries)}}}",
    }


def check_known(policy: Policy, known: Collection[str], target: str) -> None:
    """Refuse a policy with operations that an export does not know.

    Raises:
        UserError: it names them.
    """
    if unknown := sorted(used(policy).difference(known)):
        raise UserError(
            f"the {target} export does not know {', '.join(unknown)}: it has {', '.join(known)}"
        )


def _row(sub_policy: SubPolicy) -> str:
    operations = [_plain(o) for o in sub_policy.operations]
    line = f"    ({sub_policy.weight!r}, [{', '.join(operations)}]),\n"
    if len(line) <= _WIDTH:
        return line
    inner = "".join(f"        {o},\n" for o in operations)
    return f"    ({sub_policy.weight!r}, [\n{inner}    ]),\n"


def _plain(o: Operation) -> str:
    return f'("{o.name}", {o.probability!r}, {o.magnitude!r}, {o.spread!r})'

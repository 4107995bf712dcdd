"""One file of Python that needs Pillow alone and gives the very bytes that `dada` gives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PIL import Image

from dada import __version__
from dada.errors import UserError
from dada.export.templates import fill
from dada.ops import PAPER_OPERATIONS, get
from dada.policy import Operation, Policy, SubPolicy

ENDINGS = (".py",)
_WIDTH = 100  # of a line of the file

_HEADING = """{title}

    augment = Augment()
    image = augment(image)  # a PIL image of mode RGB or L

{about}Written by dada {version}. Needs {needs}.
"""


def source(policy: Policy, ending: str = ".py") -> str:
    """The file: the policy's table, the operations in it and no others, and ``Augment``.

    Raises:
        UserError: an operation that is not one of the built-in.
    """
    heading = title(policy, "Pillow and nothing else")
    return fill("python", heading, tables(policy, "python"))


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


def title(policy: Policy, needs: str, about: str = "") -> str:
    """The docstring of a file that holds a policy.

    Args:
        needs: what has to be installed.
        about: more to say, in whole paragraphs.
    """
    count = sum(s.weight > 0 for s in policy.sub_policies)
    noun = "sub-policy" if count == 1 else "sub-policies"
    what = f"{policy.name}: an image-augmentation policy of {count} {noun}."
    # A name is free text: it must not end the docstring, nor escape anything in it.
    plain = "".join(c if c.isprintable() and c not in '\\"' else "?" for c in what)
    return _HEADING.format(title=plain, about=about, version=__version__, needs=needs)


def tables(policy: Policy, target: str) -> dict[str, str]:
    """The tables of a template: sub-policies, lines from magnitude to value, operations.

    Raises:
        UserError: an operation that is not one of the built-in.
    """
    chosen = [s for s in policy.leading() if s.weight > 0]
    used = {o.name for s in chosen for o in s.operations}
    check_built_in(used, target)
    names = [name for name in PAPER_OPERATIONS if name in used]
    lines = [f'    "{name}": {policy.scale.lines(get(name))!r},\n' for name in names]
    kernels = [f'    "{name}": {get(name).kernel.__name__},\n' for name in names]
    return {
        "SUB_POLICIES": f"[\n{''.join(map(_row, chosen))}]",
        "LINES": f"{{\n{''.join(lines)}}}",
        "OPERATIONS": f"{{\n{''.join(kernels)}}}",
    }


def check_built_in(names: set[str], target: str) -> None:
    """Refuse what no other library knows.

    Raises:
        UserError: an operation that is not one of the built-in.
    """
    for name in sorted(names - set(PAPER_OPERATIONS)):
        raise UserError(
            f"{name} is an operation of your own: the {target} export knows only the "
            f"{len(PAPER_OPERATIONS)} built-in ones"
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

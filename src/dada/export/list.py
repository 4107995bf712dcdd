"""The list that DADA, Fast AutoAugment and their descendants paste into their code."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import product
from math import lcm, prod

from PIL import Image

from dada.augment import PolicyTransform
from dada.errors import UserError
from dada.export.interface import Target
from dada.export.steps import LEVELS, Step, resolve
from dada.export.words import remarks
from dada.ops import PAPER_OPERATIONS, get
from dada.policy import Policy, Scale, loads

_MOST = 50_000  # sub-policies of a list

Item = tuple[str, float, float]


def _source(policy: Policy, ending: str) -> str:
    """The policy as ``[[["ShearX", 0.5, 0.46], …], …]``, magnitudes on the paper's scale.

    Where the paper's scale needs several magnitudes for one of the policy's, a sub-policy becomes
    several, equally likely; the others are repeated, so that they do not become rarer.

    Raises:
        UserError: values that the paper's scale does not have, or too many sub-policies.
    """
    rows = _rows(policy)
    if ending == ".json":
        return "[\n" + ",\n".join(f"  {json.dumps(row)}" for row in rows) + "\n]\n"
    lines = [f"    [{', '.join(f'({n!r}, {p!r}, {m!r})' for n, p, m in row)}]," for row in rows]
    said = [f"    # {remark}" for remark in remarks(policy)]
    head = "[  # sub-policies of (operation, probability, magnitude)"
    return "\n".join([head, *said, *lines, "]\n"])


def _differences(policy: Policy) -> list[str]:
    """What a list of names, probabilities and magnitudes cannot say."""
    chosen = [s for s in policy.sub_policies if s.weight > 0]
    said = []
    if len({s.weight for s in chosen}) > 1:
        said.append("weights are lost: every sub-policy is as likely as any other")
    if any(o.spread and get(o.name).has_magnitude for s in chosen for o in s.operations):
        said.append(f"a random magnitude becomes {LEVELS} fixed ones, equally likely")
    if (count := len(_rows(policy))) > len(chosen):
        said.append(f"{len(chosen)} sub-policies become {count}, equally likely")
    return said


def _load(text: str, ending: str) -> Callable[[Image.Image], Image.Image]:
    """The list at work in `dada`, which reads it."""
    return PolicyTransform(loads(text))


def _rows(policy: Policy) -> list[list[Item]]:
    choices = [
        [_items(step, policy.scale) for step in sub_policy.steps] for sub_policy in resolve(policy)
    ]
    counts = [prod(map(len, items)) for items in choices]
    each = lcm(*counts)
    if (total := each * len(choices)) > _MOST:
        raise UserError(
            f"as a list the policy would need {total:,} sub-policies, because of its random "
            f"magnitudes and signs; the limit is {_MOST:,}"
        )
    return [
        [*row]
        for items, count in zip(choices, counts, strict=True)
        for row in [*product(*items)] * (each // count)
    ]


def _items(step: Step, scale: Scale) -> list[Item]:
    """What stands for the step: items that are equally likely."""
    if not get(step.name).has_magnitude or _is_paper(step.name, scale):
        return [(step.name, step.probability, m) for m in step.magnitudes]
    pairs = [_magnitudes(step.name, plus, minus) for plus, minus in step.values]
    # Of two equal magnitudes one is enough, but only if every pair is equal.
    if all(plus == minus for plus, minus in pairs):
        return [(step.name, step.probability, plus) for plus, _ in pairs]
    return [(step.name, step.probability, m) for pair in pairs for m in pair]


def _is_paper(name: str, scale: Scale) -> bool:
    return scale.kind == "paper" and name not in scale.bounds


def _magnitudes(name: str, plus: float, minus: float) -> tuple[float, float]:
    """The paper's magnitudes for the two values; the same twice where the paper draws the sign."""
    if not get(name).mirrored:
        return _magnitude(name, plus), _magnitude(name, minus)
    if plus != -minus:
        raise UserError(
            f"{name} by {plus:.3g} or {minus:.3g}: a list has one strength for both directions"
        )
    return (_magnitude(name, plus),) * 2


def _magnitude(name: str, value: float) -> float:
    kind = get(name)
    magnitude = round((value - kind.low) / (kind.high - kind.low), 12)
    if not 0 <= magnitude <= 1:
        raise UserError(f"{name} by {value:.6g}: a list has only {kind.low:.6g} to {kind.high:.6g}")
    return magnitude


target = Target(
    name="list",
    what="the list of the published code",
    endings=(".json", ".py"),
    operations=PAPER_OPERATIONS,  # which are those of the published code
    text_of=_source,
    differences_of=_differences,
    load_from=_load,
)

"""A policy as a notebook shows it: its leading sub-policies, with their weights as bars."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup

from dada.errors import brief
from dada.markup import bar, bold, lines, muted, table
from dada.policy.words import describe_operation

if TYPE_CHECKING:
    from dada.policy.model import Policy
    from dada.policy.sub_policy import Operation, SubPolicy

_ROWS = 10


def policy_html(policy: Policy) -> str:
    """The ten leading sub-policies as a table; a policy that changes nothing in words.

    Examples:
        >>> from dada import load_policy
        >>> "<b>Rotate</b> ±1.65 degrees" in policy_html(load_policy("dada-cifar10"))
        True
    """
    number = len(policy.sub_policies)
    if policy.is_none:
        said = Markup("{}: no image changes, as every operation has probability 0.")
        return table([], title=said.format(bold(brief(policy.name))))
    title = Markup("{}: {:,} sub-polic{}; one per image is drawn by weight")
    title = title.format(bold(brief(policy.name)), number, "y" if number == 1 else "ies")
    shown = policy.leading()[:_ROWS]
    total, most = sum(s.weight for s in policy.sub_policies), shown[0].weight
    rows = [(_weight(s.weight / total, s.weight / most), _operations(policy, s)) for s in shown]
    hidden = number - len(shown)
    more = f"… and {hidden:,} more: print(policy.describe()) shows all" if hidden else ""
    return table(
        rows,
        head=("Weight", "Operations, one after the other"),
        title=title,
        notes=[muted(more)] if more else [],
    )


def _weight(share: float, length: float) -> Markup:
    return Markup("{:.1f}\N{NO-BREAK SPACE}%{}").format(100 * share, bar(length))


def _operations(policy: Policy, sub_policy: SubPolicy) -> Markup:
    return lines([_operation(policy, operation) for operation in sub_policy.operations])


def _operation(policy: Policy, operation: Operation) -> Markup:
    strength = describe_operation(policy.scale, operation)
    chance = muted(f"p\N{NO-BREAK SPACE}{operation.probability:.2f}")
    return Markup("{}{} {}").format(bold(operation.name), strength, chance)

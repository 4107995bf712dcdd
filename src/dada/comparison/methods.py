"""The augmentations that a comparison has as rows, and which of them matter most."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from dada.comparison.bench import Bench
from dada.errors import UserError
from dada.policy import AnyPolicy, as_policy
from dada.training.augmentations import Method, plain_rows, policy_method, space_for, without_search

OnePolicy = str | Path | AnyPolicy
Policies = OnePolicy | Sequence[OnePolicy] | Mapping[str, OnePolicy]


def methods_for(policies: Mapping[str, AnyPolicy], bench: Bench) -> list[Method]:
    """The rows, the baseline first. A Cutout that all of them have is in all of their names.

    Raises:
        UserError: two rows have the same name.
    """
    baseline, *plain = plain_rows(bench.settings.model_dump(), bench.dataset.side)
    given = [replace(policy_method(p, name), given=name) for name, p in policies.items()]
    # The first policy's; no augmentation has no strengths, so that its scale says nothing.
    scale = next((policy.scale for policy in policies.values() if not policy.is_none), None)
    space = space_for(bench.dataset.channels, scale)
    others = [*given, *without_search(space, bench.task.moves)]
    if bench.settings.cutout:
        cutout = f"and Cutout {bench.settings.cutout}"
        others = [replace(method, name=f"{method.name} {cutout}") for method in others]
    rows = [baseline, *plain, *others]
    names = [row.name for row in rows]
    if twice := [name for name in names if names.count(name) > 1]:
        raise UserError(f"two rows are called {twice[0]!r}: give the policy another name")
    return rows


def by_interest(methods: Sequence[Method]) -> list[Method]:
    """The rows in the order in which they answer the question: what was asked about and the
    baseline, then the rivals that need no search, the strongest as a rule first: the uniform
    policy, TrivialAugment, RandAugment, Cutout."""
    baseline, *others = methods
    given = [method for method in others if method.given is not None]
    free = [method for method in others if method.given is None]
    return [baseline, *given, *reversed(free)]


def named(policies: Policies) -> dict[str, AnyPolicy]:
    """The policies by the names of their rows; a run folder's policy is named after the folder.

    Raises:
        UserError: there is no such policy, or it is given twice.
    """
    if isinstance(policies, Mapping):
        return {name: as_policy(policy) for name, policy in policies.items()}
    found: dict[str, AnyPolicy] = {}
    for given in [policies] if isinstance(policies, OnePolicy) else policies:
        policy = as_policy(given)
        name = policy.name if isinstance(given, AnyPolicy) else f"policy {given}"
        if name in found:
            raise UserError(f"{name} is given twice")
        found[name] = policy
    return found

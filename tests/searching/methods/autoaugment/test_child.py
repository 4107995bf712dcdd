"""What decisions stand for."""

import torch

from dada.policy import Operation, Policy, Scale, SearchSpace, SubPolicy
from dada.searching.methods.autoaugment.child import choices_of, sub_policies_of

SPACE = SearchSpace(("Rotate", "Invert", "Brightness"), 2, Scale("strength"))


def test_a_decision_is_an_operation_a_tenth_and_a_ninth():
    rows = torch.tensor([0, 0, 0, 1, 10, 9, 2, 3, 4, 2, 7, 1])
    assert sub_policies_of(rows, SPACE) == (
        SubPolicy((Operation("Rotate", 0.0, 0.0), Operation("Invert", 1.0, 1.0))),
        SubPolicy((Operation("Brightness", 0.3, 4 / 9), Operation("Brightness", 0.7, 1 / 9))),
    )


def test_every_choice_is_another_operation_at_a_fixed_magnitude():
    counts = choices_of(SPACE)
    assert counts == (3, 11, 10)
    every = torch.cartesian_prod(*map(torch.arange, counts))
    single = SearchSpace(SPACE.operations, 1, SPACE.scale)
    found = [sub_policies_of(row, single)[0].operations[0] for row in every]
    assert len(set(found)) == 330 and {operation.spread for operation in found} == {0.0}
    assert {o.probability for o in found} == {k / 10 for k in range(11)}
    assert {o.magnitude for o in found} == {k / 9 for k in range(10)}


def test_an_operation_may_come_twice_and_is_applied_twice():
    rows = torch.tensor([1, 10, 0, 1, 10, 0])  # Invert twice, always
    images = torch.arange(48, dtype=torch.uint8).view(1, 3, 4, 4)
    transform = Policy(sub_policies_of(rows, SPACE), SPACE.scale).transform()
    assert torch.equal(transform(images), images)

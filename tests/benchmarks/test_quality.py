"""The study's own arithmetic."""

from benchmarks.quality import wins


def test_wins_by_hand():
    errors = {"a": [0.1, 0.3], "b": [0.2, 0.3], "c": [0.3, 0.1]}
    # a: better than b and c from seed 0; as good as b and worse than c from seed 1
    assert wins("a", errors) == (1 + 1 + 0.5 + 0) / 4
    assert sum(wins(name, errors) for name in errors) == 3 / 2
    assert wins("alone", {"alone": [0.1]}) == 0

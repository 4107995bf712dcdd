"""Counts of what came of the faults, printed at the end."""

from collections import Counter

import pytest

COUNTS = pytest.StashKey()


def pytest_configure(config):
    config.stash[COUNTS] = {}


@pytest.fixture
def counts(request):
    """What came of the faults of this test's kind, to be filled."""
    return request.config.stash[COUNTS].setdefault(request.node.name, Counter())


def pytest_terminal_summary(terminalreporter, config):
    for test, counted in config.stash[COUNTS].items():
        words = ", ".join(f"{word}: {number}" for word, number in sorted(counted.items()))
        terminalreporter.write_line(f"{test}  {words}")

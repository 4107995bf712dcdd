"""A few faults of each kind with the other tests, and all the time there is with `make torture`.

DADA_TORTURE_SECONDS (1,500) is how long all kinds take together, DADA_TORTURE_SEED (0) which
faults.
"""

import os
import time
from itertools import islice

import pytest

from tests.torture import calls, damage, disks, hostile, kills, owners

FILES = (kills, calls, disks, damage, owners, hostile)
KINDS = {kind.__name__.rpartition(".")[2]: kind for kind in FILES}
FEW = {"kills": 4, "calls": 2, "disks": 2, "damage": 3, "owners": 1, "hostile": 20}
SECONDS = float(os.environ.get("DADA_TORTURE_SECONDS", "1500"))
SEED = int(os.environ.get("DADA_TORTURE_SEED", "0"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """One for all kinds: the uninterrupted runs are the same."""
    return tmp_path_factory.mktemp("torture")


@pytest.mark.parametrize("kind", KINDS)
def test_a_few(kind, folder):
    words = list(islice(KINDS[kind].faults(0, folder), FEW[kind]))
    assert not wrong(words), words


@pytest.mark.torture
@pytest.mark.parametrize("kind", KINDS)
def test_many(kind, folder, counts):
    words, deadline = [], time.monotonic() + SECONDS / len(KINDS)
    for word in KINDS[kind].faults(SEED, folder):
        words.append(word)
        counts[word.split(":")[0]] += 1
        if time.monotonic() > deadline:
            break
    assert not wrong(words), "\n".join(wrong(words))


def wrong(words):
    return [word for word in words if word.startswith("WRONG")]

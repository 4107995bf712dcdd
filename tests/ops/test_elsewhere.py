"""An operation of the user's own in worker processes that inherit no memory."""

import os
import pickle
import subprocess
import sys

import pytest

from dada.errors import UserError
from dada.ops import get, registry
from dada.ops.elsewhere import modules_of
from dada.policy import Operation, Policy, SubPolicy

OPERATION = """
import dada, torch
@dada.register_operation("Flatten")
def flatten(images, values):
    return torch.full_like(images, 7)
"""
WORKER = """
import pickle, sys, torch
transform = pickle.load(sys.stdin.buffer)
print(transform(torch.zeros(3, 4, 4, dtype=torch.uint8)).unique().tolist())
"""


@pytest.fixture
def policy(tmp_path, monkeypatch):
    """One of an operation that a module of the user's registers; the module is forgotten after."""
    monkeypatch.setattr(registry, "_operations", dict(registry._operations))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "my_operations", raising=False)
    (tmp_path / "my_operations.py").write_text(OPERATION)
    __import__("my_operations")
    return Policy((SubPolicy((Operation("Flatten", 1.0, 0.0),)),))


def test_a_policy_finds_its_operations_in_a_fresh_process(policy, tmp_path):
    path = os.pathsep.join([str(tmp_path), *filter(None, sys.path)])
    done = subprocess.run(
        [sys.executable, "-c", WORKER],
        input=pickle.dumps(policy.transform()),
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        check=False,
    )
    assert done.stdout == b"[7]\n", done.stderr


def test_a_pickle_names_the_modules_of_others_operations_alone(policy):
    assert modules_of(["Flatten", "Rotate", "Nowhere"]) == {"Flatten": "my_operations"}
    assert pickle.loads(pickle.dumps(policy)) == policy


def test_a_worker_that_cannot_find_one_says_what_to_do(policy, tmp_path, monkeypatch):
    stored = pickle.dumps(policy)
    del registry._operations["Flatten"], sys.modules["my_operations"]
    (tmp_path / "my_operations.py").unlink()
    monkeypatch.setattr(registry, "parent_process", lambda: "the user's script")
    transform = pickle.loads(stored)
    with pytest.raises(UserError, match=r"'Flatten' in this worker process \(register it at the"):
        get(transform.sub_policies[0].operations[0].name)

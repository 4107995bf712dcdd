import os
import subprocess
import sys

import pytest
import torch

from dada.compute.threads import SMALL, is_small, threads_for
from dada.models import create
from dada.runs import Callback
from dada.searching import search
from dada.training import train
from tests.searching import SMALL as SEARCH

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def two_threads():
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(1)


@pytest.mark.parametrize(
    ("name", "small"),
    [("proxy-32", True), ("wrn-10-1", True), ("wrn-16-1", True), ("wrn-16-2", False)],
)
def test_small_networks_have_one_thread_and_large_ones_all(name, small):
    network = create(name, 10, 3)
    assert is_small(network) is small
    with threads_for(network, CPU):
        assert torch.get_num_threads() == (1 if small else 2)
    assert torch.get_num_threads() == 2
    with threads_for(network, torch.device("cuda")):
        assert torch.get_num_threads() == 2


def test_the_number_of_threads_comes_back_after_a_failure():
    with pytest.raises(ZeroDivisionError), threads_for(torch.nn.Linear(1, SMALL // 2), CPU):
        assert torch.get_num_threads() == 1
        raise ZeroDivisionError
    assert torch.get_num_threads() == 2


def test_a_training_and_a_search_a_step_at_a_time_keep_to_it(digits):
    seen = set()

    class Threads(Callback):
        def on_progress(self):
            seen.add(torch.get_num_threads())

    train(digits, model="wrn-10-1", epochs=1, images=64, batch=256, callback=Threads())
    search(digits, **SEARCH, callback=Threads())
    assert seen == {1}


def test_threads_of_the_command_line_sleep_while_they_wait():
    code = "import os, sys; sys.argv = ['dada', '--version']\nfrom dada.cli import main\n"
    code += "try: main()\nexcept SystemExit: print(os.environ['OMP_WAIT_POLICY'])"
    environment = {k: v for k, v in os.environ.items() if k != "OMP_WAIT_POLICY"}
    for given, policy in ({}, "PASSIVE"), ({"OMP_WAIT_POLICY": "ACTIVE"}, "ACTIVE"):
        result = subprocess.run(
            [sys.executable, "-c", code],
            env=environment | given,
            capture_output=True,
            text=True,
            check=True,
        )
        assert result.stdout.split()[-1] == policy

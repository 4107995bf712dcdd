"""Which job a process is part of, by its environment, and whom it waits for."""

import socket
import threading

import pytest
import torch

from dada.compute import rendezvous
from dada.compute.distributed import ALONE, shared_job
from dada.compute.job import Job, is_first, job
from dada.compute.rendezvous import meet
from dada.errors import UserError

NAMES = ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT", "LOCAL_RANK", "TORCHELASTIC_RUN_ID")
WHOLE = {"RANK": "1", "WORLD_SIZE": "2", "MASTER_ADDR": "localhost", "MASTER_PORT": "29500"}


@pytest.fixture
def environment(monkeypatch):
    def set_to(**variables):
        for name in (*NAMES, "TORCHELASTIC_USE_AGENT_STORE", "TORCHELASTIC_RESTART_COUNT"):
            monkeypatch.delenv(name, raising=False)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

    set_to()
    return set_to


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"RANK": "0"},
        {"RANK": "0", "WORLD_SIZE": "1"},
        {"MASTER_ADDR": "localhost", "MASTER_PORT": "29500", "LOCAL_RANK": "0"},
        {"RANK": "", "WORLD_SIZE": ""},
    ],
)
def test_a_process_alone_is_alone_and_speaks(variables, environment):
    environment(**variables)
    assert job() is None and is_first()
    with shared_job(torch.device("cpu")) as (processes, device):
        assert processes is ALONE and device.type == "cpu"


def test_a_whole_environment_is_a_job(environment):
    environment(**WHOLE)
    assert job() == Job(1, 2, "localhost", 29500) and not is_first()
    environment(
        **WHOLE | {"RANK": "0", "LOCAL_RANK": "3", "TORCHELASTIC_RUN_ID": "x"},
        TORCHELASTIC_USE_AGENT_STORE="True",
        TORCHELASTIC_RESTART_COUNT="2",
    )
    assert job() == Job(0, 2, "localhost", 29500, 3, True, 2) and is_first()


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"RANK": "1"}, "has RANK, .* lacks WORLD_SIZE, MASTER_ADDR, MASTER_PORT"),
        ({"WORLD_SIZE": "4"}, "lacks RANK, MASTER_ADDR"),
        ({"TORCHELASTIC_RUN_ID": "none"}, "lacks RANK, WORLD_SIZE"),
        ({**WHOLE, "MASTER_PORT": ""}, "lacks MASTER_PORT"),
        ({**WHOLE, "RANK": "2"}, "RANK='2' .* 0 to 1"),
        ({**WHOLE, "RANK": "-1"}, "RANK='-1'"),
        ({**WHOLE, "RANK": "first"}, "RANK='first'"),
        ({**WHOLE, "WORLD_SIZE": "0"}, "WORLD_SIZE='0'"),
        ({**WHOLE, "MASTER_PORT": "99999"}, "MASTER_PORT='99999'"),
        ({**WHOLE, "LOCAL_RANK": "x"}, "LOCAL_RANK='x'"),
        ({**WHOLE, "DADA_PATIENCE": "soon"}, "DADA_PATIENCE='soon'"),
    ],
)
def test_variables_that_contradict_each_other_are_refused(variables, said, environment):
    environment(**variables)
    with pytest.raises(UserError, match=said), shared_job(torch.device("cpu")):
        pass


def free_port():
    with socket.socket() as listening:
        listening.bind(("localhost", 0))
        return listening.getsockname()[1]


@pytest.mark.parametrize(("rank", "missing"), [(0, "processes 1, 2 of 3"), (2, "process 0 of 3")])
def test_who_is_missing_is_said_and_then_refused(rank, missing, monkeypatch):
    monkeypatch.setattr(rendezvous, "_WORD", 0.5)
    said = []
    with pytest.raises(UserError, match=rf"{missing} did not come to localhost:\d+ within 1.2 s"):
        meet(Job(rank, 3, "localhost", free_port()), 1.2, said.append)
    assert said and all(f"process {rank} waits for {missing}" in line for line in said)


def test_processes_meet_whichever_comes_first(capfd):
    port, stores = free_port(), {}

    def come(rank):
        stores[rank] = meet(Job(rank, 2, "localhost", port), 30)

    late = threading.Timer(0.5, come, (0,))
    late.start()
    come(1)
    late.join()
    stores[0].set("x", "1")
    assert stores[1].get("x") == b"1"
    assert capfd.readouterr().err == ""


def test_a_port_that_is_taken_is_said_at_once(environment):
    with socket.socket() as listening:
        listening.bind(("localhost", 0))
        listening.listen()
        port = str(listening.getsockname()[1])
        environment(**WHOLE | {"RANK": "0", "MASTER_PORT": port})
        said = f"at port {port} .* another MASTER_PORT"
        with pytest.raises(UserError, match=said), shared_job(torch.device("cpu")):
            pass

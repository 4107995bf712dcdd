"""Pieces of work on a real cluster of one node; tests/test_two_nodes.py has two."""

import os
import signal
import threading
import time

import pytest
import torch

from dada.errors import DivergedError, UserError
from dada.searching.engines import open_engine

pytest.importorskip("ray")
pytestmark = pytest.mark.slow
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def cluster():
    torch.set_num_threads(2)
    with open_engine("ray") as engine:
        torch.set_num_threads(1)
        yield engine


def test_results_and_ticks_of_pieces_of_one_thread(cluster):
    told = []

    def work(number, tick):
        for _ in range(number):
            tick()
        return number, torch.get_num_threads(), os.getpid()

    found = dict(cluster.run(5, work, CPU, lambda: told.append(1)))
    assert {n: (value, threads) for n, (value, threads, _) in found.items()} == {
        n: (n, 1) for n in range(5)
    }
    assert os.getpid() not in {process for *_, process in found.values()}
    assert len(told) == sum(range(5))
    assert (cluster.concurrency(1, CPU), cluster.concurrency(5, CPU)) == (1, 2)
    assert cluster.words() == "Ray: 1 node, 2 CPUs"
    with pytest.raises(UserError, match="no node of the cluster has a GPU"):
        cluster.concurrency(1, torch.device("cuda"))


def test_a_piece_is_begun_again_where_its_process_dies(cluster, tmp_path):
    told = []

    def work(number, tick):
        tick()
        if number == 1 and not (tmp_path / "died").exists():
            (tmp_path / "died").touch()
            time.sleep(0.5)
            tick()  # is told
            time.sleep(0.5)
            os.kill(os.getpid(), signal.SIGKILL)
        tick()
        return number

    assert dict(cluster.run(2, work, CPU, lambda: told.append(1))) == {0: 0, 1: 1}
    assert (tmp_path / "died").exists() and len(told) == 4
    line = "1 trial was lost on the cluster, with process or node, and begun again"
    assert [cluster.incidents() for _ in range(2)] == [line, ""]


def test_a_piece_that_always_dies_is_one_line(cluster):
    def work(number, tick):
        os.kill(os.getpid(), signal.SIGKILL)

    with pytest.raises(UserError, match=r"^a trial was lost on the cluster 6 times") as raised:
        list(cluster.run(1, work, CPU))
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("error", [UserError("mine"), DivergedError("nan"), KeyError("a")])
def test_the_works_own_exception_is_not_tried_again(cluster, tmp_path, error):
    def work(number, tick):
        with (tmp_path / "tries").open("a") as file:
            file.write("x")
        raise error

    with pytest.raises(type(error)) as raised:
        list(cluster.run(1, work, CPU))
    assert raised.value.args == error.args and (tmp_path / "tries").read_text() == "x"


def test_what_cannot_be_sent_is_one_line(cluster):
    lock = threading.Lock()
    with pytest.raises(UserError, match="must be possible to pickle it"):
        list(cluster.run(1, lambda number, tick: lock, CPU))


def test_whoever_stops_listening_ends_the_pieces(cluster, tmp_path):
    def work(number, tick):
        if number == 0:
            return
        (tmp_path / "process").write_text(str(os.getpid()))
        while True:
            tick()
            time.sleep(0.01)

    results = cluster.run(2, work, CPU)
    next(results)
    while not (tmp_path / "process").exists() or not (tmp_path / "process").read_text():
        time.sleep(0.1)
    results.close()
    process = int((tmp_path / "process").read_text())
    deadline = time.monotonic() + 60
    while os.path.exists(f"/proc/{process}"):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_ray_chooses_among_gpus(cluster):
    with pytest.raises(UserError, match="device cuda:1: Ray chooses among GPUs"):
        list(cluster.run(1, print, torch.device("cuda:1")))

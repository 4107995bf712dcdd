"""Work in several processes: what comes back, and what is said when something goes wrong."""

import multiprocessing
import os
import signal
import time
from collections import Counter
from pathlib import Path

import pytest
import torch

from dada.compute.parallel import concurrency, run_parallel
from dada.compute.threads import SMALL
from dada.errors import UserError

CPU = torch.device("cpu")


@pytest.fixture
def two_threads():
    torch.set_num_threads(2)
    if concurrency(2, CPU) == 1:
        pytest.skip("processes are forked on Linux, and where there is no GPU")
    yield
    torch.set_num_threads(1)


def gathered(count, work, **options):
    found = dict(run_parallel(count, work, CPU, **options))
    return [found[number] for number in range(count)]


@pytest.mark.usefixtures("two_threads")
def test_results_come_in_order_from_processes_of_one_thread():
    told = Counter()

    def work(number, tick):
        for _ in range(number):
            tick()
        matrix = torch.full((40, 40), float(number))
        return (matrix @ matrix)[0, 0].item(), torch.get_num_threads(), os.getpid()

    results = gathered(7, work, on_tick=lambda: told.update(["tick"]))
    assert [value for value, *_ in results] == [40.0 * n * n for n in range(7)]
    assert {threads for _, threads, _ in results} == {1}
    assert os.getpid() not in {process for *_, process in results}
    assert told["tick"] == sum(range(7))
    assert torch.get_num_threads() == 2


@pytest.mark.usefixtures("two_threads")
def test_both_threads_have_work_at_the_same_time(tmp_path):
    """Each waits for the other to have begun, which one after the other would be in vain."""

    def work(number, tick):
        (tmp_path / str(number)).touch()
        deadline = time.monotonic() + 60
        while not (tmp_path / str(1 - number)).exists():
            assert time.monotonic() < deadline
        return number

    assert concurrency(2, CPU) == 2
    assert gathered(2, work) == [0, 1]


def test_one_thread_works_here():
    here = gathered(3, lambda number, tick: (number, os.getpid(), tick()))
    assert here == [(number, os.getpid(), None) for number in range(3)]
    assert concurrency(3, CPU) == 1


@pytest.mark.usefixtures("two_threads")
def test_no_more_at_once_than_there_are():
    assert (concurrency(1, CPU), concurrency(5, CPU), concurrency(5, torch.device("cuda"))) == (
        1,
        2,
        1,
    )
    assert gathered(0, lambda number, tick: number) == []


@pytest.mark.usefixtures("two_threads")
def test_what_the_user_did_wrong_is_said_as_if_it_had_happened_here():
    def work(number, tick):
        raise UserError(f"the loss gave nonsense for {number}")

    with pytest.raises(UserError, match=r"^the loss gave nonsense for [01]$"):
        gathered(2, work)


@pytest.mark.usefixtures("two_threads")
def test_a_bug_keeps_its_traceback():
    with pytest.raises(ZeroDivisionError) as caught:
        gathered(2, lambda number, tick: 1 / 0)
    assert "lambda number, tick: 1 / 0" in str(caught.value.__cause__)


class UnlikeItselfError(Exception):
    """Cannot be unpickled: it is made of two arguments and keeps one."""

    def __init__(self, first, second):
        super().__init__(first)


@pytest.mark.usefixtures("two_threads")
def test_an_exception_that_does_not_travel_is_shown_as_text():
    def work(number, tick):
        raise UnlikeItselfError("mine", "own")

    with pytest.raises(Exception, match=r"(?s)Traceback.*UnlikeItselfError: mine"):
        gathered(2, work)


@pytest.mark.usefixtures("two_threads")
def test_a_killed_process_is_one_line():
    def work(number, tick):
        if number == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        return number

    with pytest.raises(UserError, match=r"SIGKILL.*memory.*OMP_NUM_THREADS") as raised:
        gathered(2, work)
    assert "\n" not in str(raised.value)


@pytest.mark.usefixtures("two_threads")
def test_large_batches_share_all_threads_one_after_the_other():
    def work(number, tick):
        return os.getpid(), torch.get_num_threads()

    large = {"parameters": SMALL + 1}
    assert gathered(3, work, pixels=2**19 + 1, **large) == [(os.getpid(), 2)] * 3
    assert concurrency(3, CPU, 2**19 + 1, **large) == 1 and concurrency(3, CPU, 2**19, **large) == 2


@pytest.mark.usefixtures("two_threads")
def test_small_networks_have_a_thread_each_whatever_their_batch(monkeypatch):
    assert concurrency(3, CPU, 2**20, SMALL) == 2
    monkeypatch.setattr("dada.compute.parallel.available", lambda: 2**32)
    assert concurrency(3, CPU, 2**20, SMALL) == 1, "as far as there is memory: 4 GiB is one's"


@pytest.mark.usefixtures("two_threads")
def test_a_single_piece_has_one_thread_too():
    ((number, threads),) = run_parallel(1, lambda *_: torch.get_num_threads(), CPU)
    assert (number, threads) == (0, 1)


@pytest.mark.usefixtures("two_threads")
def test_whoever_stops_listening_ends_the_processes():
    def work(number, tick):
        if number:
            while True:
                tick()
        return os.getpid()

    results = run_parallel(2, work, CPU)
    next(results)
    results.close()
    for process in multiprocessing.active_children():
        process.join(timeout=10)
    assert not multiprocessing.active_children()


def test_workers_with_much_to_say_end_with_a_parent_that_was_killed(tmp_path, two_threads):
    """More than a pipe holds: they would wait for ever for somebody to read it."""

    def work(number, tick):
        (tmp_path / f"{os.getpid()}").touch()
        time.sleep(0.5)
        return bytes(2**20)

    child = os.fork()
    if not child:
        torch.set_num_threads(2)
        for _ in run_parallel(2, work, CPU):
            time.sleep(60)
        os._exit(0)
    wait_for(lambda: len(list(tmp_path.iterdir())) == 2)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    workers = [int(path.name) for path in tmp_path.iterdir()]
    wait_for(lambda: not any(map(running, workers)))


def wait_for(true, seconds=20):
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until
        time.sleep(0.05)


def running(process):
    try:
        state = Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return False
    return state.rpartition(")")[2].split()[0] != "Z"

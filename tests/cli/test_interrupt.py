"""Ctrl-C twice, and a worker that is killed: no traceback, and the run can be resumed."""

import os
import signal

import pytest
from PIL import Image

from dada.cli import interrupt
from tests.cli.commands import check_refused


def ended(work):
    """How a forked child ends that does this."""
    child = os.fork()
    if not child:
        try:
            work()
        except BaseException:
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def ctrl_c():
    os.kill(os.getpid(), signal.SIGINT)


def test_the_first_ctrl_c_is_an_interrupt_and_the_second_ends_the_process():
    def once():
        interrupt.watch_ctrl_c()
        with pytest.raises(KeyboardInterrupt):
            ctrl_c()

    def twice():
        try:
            once()
        finally:  # as in the middle of cleaning up
            ctrl_c()

    signal.signal(signal.SIGINT, signal.default_int_handler)
    assert (ended(once), ended(twice)) == (0, 130)


def test_what_ignores_ctrl_c_goes_on_ignoring_it():
    def work():
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        interrupt.watch_ctrl_c()
        ctrl_c()

    assert ended(work) == 0


def test_ctrl_c_is_pythons_again_afterwards(dada):
    signal.signal(signal.SIGINT, signal.default_int_handler)
    assert dada("policies").code == 0
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_killed_worker_is_one_line_and_the_training_goes_on(dada, tmp_path, monkeypatch):
    for name in ("a", "b"):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for number in range(6):
            picture = Image.new("RGB", (40, 40), (20 * number, 40, len(name)))
            picture.save(tmp_path / "photos" / name / f"{number}.png")
    words = "train --data photos --recipe demo --epochs 1 --model wrn-10-1 --batch 4 --side 32"
    words += " --workers 1 -o run"

    def killed(self, row):
        os.kill(os.getpid(), signal.SIGKILL)

    monkeypatch.setattr("dada.datasets.open_images", opened_as_files)
    with monkeypatch.context() as patch:
        patch.setattr("dada.datasets.ImageFiles.pixels", killed)
        result = dada(words)
    check_refused(result, "a process that decodes images was killed", "--resume")
    assert dada(f"{words} --resume").code == 0


def opened_as_files(source, side=None, root=None):
    from dada.datasets import open_files

    return open_files(source, side=side)

"""What is freed stays with the process: seen in page faults, in a process of its own."""

import os
import platform
import subprocess
import sys

import pytest

TAKE_AND_FREE = """
import ctypes, resource, sys
from dada.compute.memory import keep_freed_memory
if sys.argv[1] == "kept":
    keep_freed_memory()
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
def use():
    pieces = [ctypes.create_string_buffer(b"x" * (8 << 20)) for _ in range(4)]
use(); use()
before = faults()
use()
print(faults() - before)
"""


def page_faults(how):
    done = subprocess.run(
        [sys.executable, "-c", TAKE_AND_FREE, how], check=True, capture_output=True, text=True
    )
    return int(done.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc's")
def test_memory_that_was_freed_is_not_asked_for_again():
    """32 MiB are 8,192 pages, or few if they are large ones; kept, they cause nearly none."""
    freed, kept = page_faults("freed"), page_faults("kept")
    assert kept < 100 and kept < freed / 10


def test_elsewhere_nothing_happens(monkeypatch):
    import dada.compute.memory

    def nothing(_):
        raise AttributeError("mallopt")

    monkeypatch.setattr(dada.compute.memory.ctypes, "CDLL", nothing)
    monkeypatch.setenv("THP_MEM_ALLOC_ENABLE", "0")
    dada.compute.memory.keep_freed_memory()
    assert os.environ["THP_MEM_ALLOC_ENABLE"] == "0", "what the user says is left"


def test_the_command_line_keeps_its_memory(monkeypatch):
    import dada.cli

    module = sys.modules["dada.cli.main"]  # the name is that of its function
    called = []
    monkeypatch.setattr(module, "keep_freed_memory", lambda: called.append(1))
    monkeypatch.setattr(sys, "argv", ["dada", "--version"])
    with pytest.raises(SystemExit):
        dada.cli.main()
    assert called

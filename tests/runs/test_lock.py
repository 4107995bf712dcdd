"""One owner of a run folder at a time."""

import os
import signal
import time
from contextlib import suppress

import pytest

from dada.errors import UserError
from dada.runs import RunFolder

CONFIG = {"kind": "search", "settings": {}, "data": {"fingerprint": "a"}}


def start_owner(folder):
    """A child that owns the folder and sleeps, and what it said: "mine", or the refusal."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        try:
            with RunFolder.begin(folder, CONFIG, folder.exists()):
                os.write(writing, b"mine")
                time.sleep(60)
        except UserError as error:
            os.write(writing, str(error).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        said = os.read(pipe.fileno(), 1000).decode()
    return child, said


@pytest.fixture
def owner(tmp_path):
    """Another process that owns the folder `run`."""
    child, said = start_owner(tmp_path / "run")
    assert said == "mine"
    yield child
    with suppress(ProcessLookupError, ChildProcessError):
        end(child)


def end(child):
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


@pytest.mark.parametrize("resume", [True, False])
def test_a_second_owner_is_refused_until_the_first_is_dead(resume, owner, tmp_path):
    before = sorted(os.listdir(tmp_path / "run"))
    said = f"in use by process {owner} on " if resume else "holds a run already"
    with pytest.raises(UserError, match=said):
        RunFolder.begin(tmp_path / "run", CONFIG, resume)
    assert sorted(os.listdir(tmp_path / "run")) == before
    end(owner)
    with RunFolder.begin(tmp_path / "run", CONFIG, True) as run:
        assert run.config == CONFIG
    assert os.listdir(tmp_path / "run") == ["config.json"]


def test_a_process_does_not_own_a_folder_twice_under_any_name(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "run")
    with RunFolder.begin(tmp_path / "run", CONFIG, False):
        for path in (tmp_path / "run", tmp_path / "link"):
            with pytest.raises(UserError, match="in use by this process"):
                RunFolder.begin(path, CONFIG, True)
    RunFolder.begin(tmp_path / "link", CONFIG, True).close()


def test_a_run_that_is_refused_owns_nothing(tmp_path):
    RunFolder.begin(tmp_path, CONFIG, False).close()
    with pytest.raises(UserError, match="was started with kind"):
        RunFolder.begin(tmp_path, {**CONFIG, "kind": "train"}, True)
    RunFolder.begin(tmp_path, CONFIG, True).close()


def test_what_children_do_leaves_the_lock_alone(tmp_path):
    with RunFolder.begin(tmp_path, CONFIG, False):
        child = os.fork()
        if not child:
            os._exit(0)
        os.waitpid(child, 0)
        other, said = start_owner(tmp_path)
        os.waitpid(other, 0)
        assert f"in use by process {os.getpid()} on" in said


def test_a_file_system_without_locks_is_said(tmp_path, monkeypatch):
    def unsupported(*_):
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr("fcntl.lockf", unsupported)
    with pytest.warns(UserWarning, match="has no locks"):
        RunFolder.begin(tmp_path, CONFIG, False).close()

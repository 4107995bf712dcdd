"""A disk that is full, or a kill, after any byte that is written."""

import errno
import itertools
import os
import random
import shutil
import signal
import subprocess

from tests.torture.jobs import JOBS, KILLED, REFUSED, finish, judged, log, start, whole

MARGIN = 2**14  # of a file system's own, beyond the files


def faults(seed, folder):
    rng = random.Random(seed)
    for number in itertools.count():
        name = rng.choice(list(JOBS))
        whole(name, folder)
        if number % 4 == 3:
            yield from full_file_system(name, rng, folder)
            continue
        size, run = written(name, folder), folder / "disk"
        # Half of the faults among the first bytes: before the first checkpoint.
        limit = rng.randrange(rng.choice((size, 8000)))
        killed = rng.random() < 0.5
        code = finish(start(name, run, prepare=Disk(limit, killed).install))
        if code != (KILLED if killed else REFUSED):
            yield f"WRONG: {name} ended with {code}: {log(run).read_text()[-500:]}"
        yield "killed in a write" if killed else "disk full"
        code = finish(start(name, run, resume=run.is_dir()))
        yield judged(name, code, run, folder)
        shutil.rmtree(run)


def written(name, folder):
    """About how many bytes a run writes: each file as often as it is replaced."""
    size = sum(path.stat().st_size for path in (folder / f"whole-{name}").iterdir())
    return size - MARGIN if size > 2 * MARGIN else size


class Disk:
    """Takes so many bytes, part of a write included, and no more."""

    def __init__(self, limit, killed):
        self.left, self.killed = limit, killed
        self._fdopen = os.fdopen

    def install(self):
        os.fdopen = self.fdopen

    def fdopen(self, descriptor, mode="r", *rest, **named):
        file = self._fdopen(descriptor, mode, *rest, **named)
        return file if "r" in mode else File(file, self)


class File:
    def __init__(self, file, disk):
        self._file, self._disk = file, disk

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self._file.close()

    def __getattr__(self, name):
        return getattr(self._file, name)

    def write(self, data):
        left = self._disk.left
        self._file.write(bytes(data)[:left])
        self._disk.left = max(0, left - len(data))
        if len(data) > left:
            self._file.flush()
            if self._disk.killed:
                os.kill(os.getpid(), signal.SIGKILL)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def full_file_system(name, rng, folder):
    """The same by the system's own hand, where this process may mount one."""
    disk = folder / "mounted"
    disk.mkdir(exist_ok=True)
    size = rng.randrange(4096, written(name, folder))
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", str(disk)]
    if shutil.which("mount") is None or subprocess.run(mount, check=False).returncode:
        yield "no file system may be mounted here"
        return
    try:
        run = disk / "run"
        log_file = log(run)
        log_file.symlink_to(folder / "mounted.log")
        code = finish(start(name, run))
        if code != REFUSED:
            yield f"WRONG: {name} ended with {code} at {size}: {log(run).read_text()[-500:]}"
        yield "file system full"
        subprocess.run(["mount", "-o", "remount,size=100m", str(disk)], check=True)
        code = finish(start(name, run, resume=run.is_dir()))
        yield judged(name, code, run, folder)
    finally:
        subprocess.run(["umount", str(disk)], check=True)

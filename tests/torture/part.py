"""Runs that were stopped half way, to be damaged or resumed twice."""

import os
import shutil
import signal

from dada.runs import RunFolder
from tests.torture.jobs import KILLED, finish, log, start


def part(name, folder):
    """A copy of a run that was killed after its second checkpoint, or training."""
    kept, run = folder / f"part-{name}", folder / "part"
    if not kept.exists():
        code = finish(start(name, kept, prepare=lambda: stop_after(2)))
        assert code == KILLED, log(kept).read_text()
    shutil.rmtree(run, ignore_errors=True)
    shutil.copytree(kept, run)
    return run


def stop_after(times):
    """Kill this process after so many checkpoints, or trainings of a comparison."""
    left = {"save_checkpoint": times, "add_event": times + 1}

    def counted(name):
        method = getattr(RunFolder, name)

        def wrapper(self, *given):
            method(self, *given)
            left[name] -= given[0].get("event") != "epoch"
            if not left[name]:
                os.kill(os.getpid(), signal.SIGKILL)

        return wrapper

    for name in left:
        setattr(RunFolder, name, counted(name))

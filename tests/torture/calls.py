"""A kill at every call that touches a file of the run: open, rename, fsync, unlink, mkdir."""

import itertools
import os
import random
import shutil
import signal
from functools import partial

from tests.torture.jobs import JOBS, KILLED, finish, judged, start, whole
from tests.torture.part import part

NAMES = ("open", "replace", "fsync", "unlink", "mkdir")


def faults(seed, folder):
    """Of runs from their beginning, and of runs that go on."""
    places = {place: itertools.count(1) for place in itertools.product(JOBS, (False, True))}
    rng = random.Random(seed)
    while places:
        name, resume = place = rng.choice(list(places))
        whole(name, folder)
        number, run = next(places[place]), part(name, folder) if resume else folder / "call"
        code = finish(start(name, run, resume, prepare=partial(kill_at, number, run)))
        if code == KILLED:
            code = finish(start(name, run, resume=run.is_dir()))
            yield "killed"
        else:  # there are no more calls
            del places[place]
        yield judged(name, code, run, folder)
        shutil.rmtree(run, ignore_errors=True)


def kill_at(number, run):
    """Kill this process at a call: the odd ones before, the even ones after it is made."""
    calls = itertools.count(1)

    def counted(call):
        def wrapper(path, *rest, **named):
            # fsync has no path, and nothing else here calls it.
            if not isinstance(path, int) and not os.fspath(path).startswith(str(run)):
                return call(path, *rest, **named)
            turn = next(calls)
            if turn == (number + 1) // 2 and number % 2:
                os.kill(os.getpid(), signal.SIGKILL)
            result = call(path, *rest, **named)
            if turn == number // 2 and not number % 2:
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        return wrapper

    for name in NAMES:
        setattr(os, name, counted(getattr(os, name)))

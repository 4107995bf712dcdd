"""Kills at random moments, resumed until the run is through."""

import itertools
import random
import shutil

from tests.torture.jobs import JOBS, KILLED, finish, judged, start, whole


def faults(seed, folder):
    rng = random.Random(seed)
    for number in itertools.count():
        name, run = rng.choice(list(JOBS)), folder / f"kill-{number}"
        _, seconds = whole(name, folder)
        code = KILLED
        while code == KILLED:
            # As a user would: what is there is gone on with.
            child = start(name, run, resume=run.is_dir())
            code = finish(child, rng.uniform(0, 1.5 * seconds))
            if code == KILLED:
                yield "killed"
        yield judged(name, code, run, folder)
        shutil.rmtree(run)

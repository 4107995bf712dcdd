"""The same run started or resumed twice at the same time."""

import random
import shutil
import time

from tests.torture.jobs import JOBS, OK, REFUSED, finish, judged, log, start, whole
from tests.torture.part import part


def faults(seed, folder):
    rng = random.Random(seed)
    while True:
        name, resume = rng.choice(list(JOBS)), rng.random() < 0.8
        _, seconds = whole(name, folder)
        run = part(name, folder) if resume else folder / "twice"
        first = start(name, run, resume)
        time.sleep(rng.choice((0, rng.uniform(0, 1.2 * seconds))))
        second = start(name, run, resume)
        codes = sorted((finish(first), finish(second)))
        if codes not in ([OK, OK], [OK, REFUSED]):
            yield f"WRONG: {name} ended with {codes}: {log(run).read_text()[-500:]}"
        word = judged(name, OK, run, folder)
        yield "one refused, same" if word == "same" and REFUSED in codes else word
        shutil.rmtree(run)

"""A flipped bit, a cut or a block of zeros in any file that is read back: refused, or no matter."""

import random
import shutil

from dada.errors import UserError
from dada.reporting import write_report
from dada.runs.lock import LOCK
from dada.training import evaluate
from tests.cli.commands import contents
from tests.torture.jobs import JOBS, REFUSED, data, finish, judged, log, start, whole
from tests.torture.part import part

READ_TO_RESUME = ("checkpoint.pt", "events.jsonl", "config.json")
READ_TO_REPORT = ("config.json", "events.jsonl", "comparison.json", "result.json", "policy.json")


def faults(seed, folder):
    rng = random.Random(seed)
    while True:
        name = rng.choice(list(JOBS))
        whole(name, folder)
        yield resumed(name, rng, folder)
        yield evaluated(rng, folder)
        yield reported(name, rng, folder)


def damage(path, rng):
    """Damage the file somehow."""
    content = bytearray(path.read_bytes())
    place = rng.randrange(len(content))
    how = rng.choice(("flip", "flip", "cut", "zeros"))
    if how == "flip":
        content[place] ^= 1 << rng.randrange(8)
    elif how == "cut":
        del content[place:]
    else:
        content[place : place + 512] = bytes(len(content[place : place + 512]))
    path.write_bytes(content)


def chosen(run, names, rng):
    return rng.choice([run / name for name in names if (run / name).exists()])


def resumed(name, rng, folder):
    run = part(name, folder)
    path = chosen(run, READ_TO_RESUME, rng)
    damage(path, rng)
    before = kept(run)
    code = finish(start(name, run, resume=True))
    if code != REFUSED:
        return judged(name, code, run, folder)
    if kept(run) != before:
        return f"WRONG: {path.name} was refused, but something was written"
    if path.name != "checkpoint.pt":
        return "refused"
    if "delete checkpoint.pt" not in log(run).read_text():
        return f"WRONG: nothing is offered: {log(run).read_text()}"
    path.unlink()
    code = finish(start(name, run, resume=True))
    word = judged(name, code, run, folder)
    return "refused, and the one before went on" if word == "same" else word


def kept(run):
    """The files of the run itself, not what its dead owner left."""
    left = (str(run), str(run / LOCK))
    return {k: v for k, v in contents(run).items() if k not in left and "partial" not in k}


def evaluated(rng, folder):
    """Of a training's weights: the same figures, or none."""
    whole("training", folder)
    expected = evaluate(folder / "whole-training", data())
    run = folder / "evaluated"
    shutil.rmtree(run, ignore_errors=True)
    shutil.copytree(folder / "whole-training", run)
    path = chosen(run, ("last.pt", "last.pt", "config.json"), rng)
    damage(path, rng)
    try:
        found = evaluate(run, data())
    except UserError:
        return "refused"
    return "same" if found == expected else f"WRONG: other figures from a damaged {path.name}"


def reported(name, rng, folder):
    run = folder / "reported"
    shutil.rmtree(run, ignore_errors=True)
    shutil.copytree(folder / f"whole-{name}", run)
    expected = write_report(run).read_text()
    path = chosen(run, READ_TO_REPORT, rng)
    damaged = path.read_bytes()
    damage(path, rng)
    # A last line that is not whole was never finished.
    common = len(damaged) - len(damaged.splitlines(keepends=True)[-1])
    if path.name == "events.jsonl" and path.read_bytes()[:common] == damaged[:common]:
        return "end lost"
    try:
        found = write_report(run).read_text()
    except UserError:
        return "refused"
    lost = path.name == "events.jsonl" and path.read_bytes().count(b"\n") < damaged.count(b"\n")
    if found == expected:
        return "same"
    return "end lost" if lost else f"WRONG: another page from a damaged {path.name}"

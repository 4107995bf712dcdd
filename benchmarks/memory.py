"""The most memory that a search and a training take, by the number of pictures.

    python -m benchmarks.memory FOLDER [--counts 100 1000 10000 100000] [--json FILE]

FOLDER holds class folders of JPEG files. Copies of them, each with another tail so that no two are
equal, are put into a folder of their own, and the two commands run on it as a user would run them,
worker processes included. Memory that processes share counts once (Linux only). A training is
stopped `--seconds` after it began.
"""

import argparse
import json
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from itertools import cycle
from pathlib import Path

from benchmarks._contract import finish

_EVERY = 0.2  # seconds between looks
_SEARCH = "--preset fast --epochs 2 --set folds=2 --model proxy-4"
_TRAIN = "--side 224 --set crop=resized --model resnet18 --batch 16 --epochs 1 --policy uniform"


def spread(source: Path, folder: Path, count: int) -> None:
    """Fill a folder with `count` pictures, as the classes of `source` come in turn."""
    classes = [sorted(c.glob("*.jpg")) for c in sorted(source.iterdir()) if c.is_dir()]
    endless = cycle([cycle(files) for files in classes if files])
    for number in range(count):
        file = next(next(endless))
        target = folder / file.parent.name / f"{number:06}.jpg"
        target.parent.mkdir(exist_ok=True)
        # What follows the end of a JPEG is not read.
        target.write_bytes(file.read_bytes() + f"{number:06}".encode())


def used(process: int) -> int:
    """Bytes that a process and all its descendants hold, what they share counted once."""
    held = 0
    with suppress(OSError):  # it may have ended
        for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                held += 1024 * int(line.split()[1])
        for task in Path(f"/proc/{process}/task").iterdir():
            held += sum(map(used, map(int, (task / "children").read_text().split())))
    return held


def peak(words: list[str], run: Path, seconds: float | None) -> dict[str, float]:
    """The most memory of a command, in bytes, and its seconds until it began and in all.

    Args:
        words: of the command line, after `dada`.
        run: its run folder.
        seconds: after which to stop it, counted from its beginning; None lets it end.
    """
    command = [sys.executable, "-m", "dada", *words, "-q", "-o", str(run)]
    started, began, most = time.monotonic(), 0.0, 0
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        while process.poll() is None:
            most = max(most, used(process.pid))
            if not began and (run / "events.jsonl").exists():
                began = time.monotonic() - started
            if began and seconds is not None and time.monotonic() - started > began + seconds:
                process.send_signal(signal.SIGINT)
                seconds = None
            time.sleep(_EVERY)
    if process.returncode not in (0, 130):
        raise SystemExit(f"{' '.join(command)}: ended with {process.returncode}")
    return {"peak": most, "began": began, "seconds": time.monotonic() - started}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", type=Path)
    parser.add_argument("--counts", type=int, nargs="+", default=[100, 1000, 10_000, 100_000])
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    # A shell has its background jobs, and all that they start, ignore it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    rows: dict[str, dict[str, dict[str, float]]] = {}
    for count in options.counts:
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder)
            (pictures := place / "pictures").mkdir()
            spread(options.source, pictures, count)
            search = ["search", str(pictures), *_SEARCH.split()]
            train = ["train", str(pictures), *_TRAIN.split()]
            rows[str(count)] = {
                "search": peak(search, place / "search", None),
                "train": peak(train, place / "train", options.seconds),
            }
        print(count, json.dumps(rows[str(count)]), flush=True)
    finish({"counts": rows, "search": _SEARCH, "train": _TRAIN}, options.json)


if __name__ == "__main__":
    main()

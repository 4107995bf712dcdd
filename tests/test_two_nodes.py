"""A Ray cluster of two hosts, made of network namespaces; one of them dies."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.hosts import HOSTS, ip, on, two_hosts

pytest.importorskip("ray")

ROOT = Path(__file__).parents[1]
PORT = 6379
ENVIRONMENT = {
    **os.environ,
    "PYTHONPATH": str(ROOT / "src"),
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_AUTH_MODE": "disabled",  # of a cluster that no one else can reach
}
SEARCH = [sys.executable, "-m", "dada", "search", "digits", "--model", "proxy-8"]
SEARCH += ["--images", "200", "--epochs", "15", "--set", "folds=3", "--set", "fold_images=100"]


@pytest.fixture
def cluster():
    """The head's address, with one CPU on each host. Both have a folder for Ray's files and
    sockets at the same path: a host's mounts are its own."""
    folder = tempfile.mkdtemp(prefix="ray-")  # short, as names of sockets are
    with two_hosts():
        try:
            (first, head), (second, other) = HOSTS.items()
            address = f"{head}:{PORT}"
            start(first, head, "--head", f"--port={PORT}", f"--temp-dir={folder}")
            start(second, other, f"--address={address}", apart=folder)
            yield address
        finally:
            for name in HOSTS:
                kill(name)
            shutil.rmtree(folder, ignore_errors=True)


def start(name, own, *words, apart=None):
    ray = [sys.executable, "-m", "ray.scripts.scripts", "start", f"--node-ip-address={own}"]
    ray += ["--num-cpus=1", "--object-store-memory=100000000", *words]
    if apart:
        ray = ["sh", "-c", f'mount -t tmpfs tmpfs {apart} && exec "$@"', "sh", *ray]
    subprocess.run(on(name, *ray), env=ENVIRONMENT, check=True, capture_output=True, timeout=240)


def processes(name):
    """The command lines of a host's processes, by number."""
    found = {}
    for number in map(int, ip("netns", "pids", name).split()):
        with suppress(OSError):
            found[number] = Path(f"/proc/{number}/cmdline").read_text().replace("\0", " ")
    return found


def kill(name):
    for number in processes(name):
        with suppress(ProcessLookupError):
            os.kill(number, signal.SIGKILL)


def trains(name):
    return any(line.startswith("ray::piece") for line in processes(name).values())


def events(run, kind):
    path = run / "events.jsonl"
    lines = path.read_text().splitlines() if path.exists() else []
    return [event for event in map(json.loads, lines) if event["event"] == kind]


@pytest.mark.slow
def test_a_search_that_loses_a_node_finds_what_it_finds_alone(cluster, tmp_path):
    first, second = HOSTS
    run, alone = tmp_path / "run", tmp_path / "alone"
    search = subprocess.Popen(
        on(first, *SEARCH, "--engine", f"ray:{cluster}", "-o", str(run)),
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    while search.poll() is None and not (events(run, "epoch") and trains(second)):
        time.sleep(0.05)
    done = len(events(run, "epoch"))
    kill(second)
    said, _ = search.communicate(timeout=500)
    assert search.returncode == 0, said
    (started,) = events(run, "start")
    assert started["engine"] == "Ray: 2 nodes, 2 CPUs"
    assert "lost on the cluster, with process or node, and begun again" in said
    assert 1 <= done < len(events(run, "epoch")), "it died half-way"

    subprocess.run([*SEARCH, "-o", str(alone)], env=ENVIRONMENT, check=True, capture_output=True)
    assert (run / "policy.json").read_bytes() == (alone / "policy.json").read_bytes()
    tried = [[e["trials"] for e in events(out, "epoch")] for out in (run, alone)]
    assert tried[0] == tried[1]

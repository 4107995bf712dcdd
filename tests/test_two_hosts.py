"""A job across two hosts, made of network namespaces."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.hosts import HOSTS, on, two_hosts

ROOT = Path(__file__).parents[1]


@pytest.fixture
def hosts():
    with two_hosts() as found:
        yield found


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "epochs"),
    [
        (["train", "--data", "digits", "--recipe", "demo", "--epochs", "2"], 2),
        (["search", "digits", "--preset", "step", "--epochs", "2", "--images", "400"], 2),
        (["search", "digits", "--preset", "demo", "--epochs", "2", "--images", "100"], 4),
    ],
    ids=["train", "step", "trials"],
)
def test_two_hosts_share_a_job(hosts, tmp_path, words, epochs):
    address = next(iter(HOSTS.values()))
    launch = [sys.executable, "-m", "torch.distributed.run", "--nnodes", "2"]
    launch += ["--nproc-per-node", "1", "--master-addr", address, "--master-port", "29400"]
    job = ["-m", "dada", *words, "-o"]
    processes = [
        subprocess.Popen(
            on(name, *launch, "--node-rank", str(rank), *job, str(tmp_path / name)),
            cwd=ROOT,
            env={**os.environ, "GLOO_SOCKET_IFNAME": cable},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for rank, (name, cable) in enumerate(hosts)
    ]
    said = [process.communicate(timeout=240)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], said
    written = [name for name in HOSTS if (tmp_path / name).exists()]
    assert len(written) == 1, "one process writes"
    events = (tmp_path / written[0] / "events.jsonl").read_text().splitlines()
    assert sum(json.loads(line)["event"] == "epoch" for line in events) == epochs

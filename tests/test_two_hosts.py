"""A job across two hosts, made of network namespaces: needs root and iproute2."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HOSTS = {"dada-a": "10.99.0.1", "dada-b": "10.99.0.2"}


def ip(*words):
    subprocess.run(["ip", *words], check=True, capture_output=True)


@pytest.fixture
def hosts():
    """Two namespaces joined by a virtual cable; a host is a name and an address."""
    if shutil.which("ip") is None or os.geteuid() != 0:
        pytest.skip("needs root and iproute2")
    try:
        for name in HOSTS:
            ip("netns", "add", name)
        ip(
            "link",
            "add",
            "dada-0",
            "netns",
            "dada-a",
            "type",
            "veth",
            "peer",
            "dada-1",
            "netns",
            "dada-b",
        )
        for (name, address), cable in zip(HOSTS.items(), ("dada-0", "dada-1"), strict=True):
            ip("-n", name, "addr", "add", f"{address}/24", "dev", cable)
            ip("-n", name, "link", "set", cable, "up")
            ip("-n", name, "link", "set", "lo", "up")
    except subprocess.CalledProcessError as error:
        _remove()
        pytest.skip(f"no network namespaces here: {error.stderr.decode().strip()}")
    yield list(zip(HOSTS, ("dada-0", "dada-1"), strict=True))
    _remove()


def _remove():
    for name in HOSTS:
        subprocess.run(["ip", "netns", "delete", name], check=False, capture_output=True)


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
            [
                "ip",
                "netns",
                "exec",
                name,
                *launch,
                "--node-rank",
                str(rank),
                *job,
                str(tmp_path / name),
            ],
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

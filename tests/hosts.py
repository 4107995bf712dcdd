"""Two hosts made of network namespaces: needs root and iproute2."""

import os
import shutil
import subprocess
from contextlib import contextmanager

import pytest

HOSTS = {"dada-a": "10.99.0.1", "dada-b": "10.99.0.2"}
CABLES = ("dada-0", "dada-1")


def ip(*words):
    return subprocess.run(["ip", *words], check=True, capture_output=True, text=True).stdout


def on(name, *words):
    """A command line, run on a host."""
    return ["ip", "netns", "exec", name, *words]


@contextmanager
def two_hosts():
    """Two namespaces joined by a virtual cable: each one's name and end of the cable."""
    if shutil.which("ip") is None or os.geteuid() != 0:
        pytest.skip("needs root and iproute2")
    try:
        for name in HOSTS:
            ip("netns", "add", name)
        (a, b), (first, second) = HOSTS, CABLES
        ip("link", "add", first, "netns", a, "type", "veth", "peer", second, "netns", b)
        for (name, address), cable in zip(HOSTS.items(), CABLES, strict=True):
            ip("-n", name, "addr", "add", f"{address}/24", "dev", cable)
            ip("-n", name, "link", "set", cable, "up")
            ip("-n", name, "link", "set", "lo", "up")
    except subprocess.CalledProcessError as error:
        _remove()
        pytest.skip(f"no network namespaces here: {error.stderr.strip()}")
    try:
        yield list(zip(HOSTS, CABLES, strict=True))
    finally:
        _remove()


def _remove():
    for name in HOSTS:
        subprocess.run(["ip", "netns", "delete", name], check=False, capture_output=True)

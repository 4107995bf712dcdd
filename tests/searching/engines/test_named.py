"""Engines by name, and what is said where there is none. No cluster is started here."""

import socket
import sys
import threading
import time
from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from dada.errors import UserError
from dada.searching.engines import LOCAL, open_engine

RAY = "dada.searching.engines.ray_cluster"


@pytest.fixture
def ray(monkeypatch):
    """As much of Ray as connecting takes."""
    said = SimpleNamespace(init=[], shutdown=0, connected=False)

    def shutdown():
        said.shutdown += 1

    library = SimpleNamespace(
        init=lambda address, **options: said.init.append((address, options)),
        is_initialized=lambda: said.connected,
        shutdown=shutdown,
        exceptions=SimpleNamespace(RayError=ZeroDivisionError),
    )
    monkeypatch.setattr(f"{RAY}.library", lambda name, extra: library)
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    said.library = library
    return said


@contextmanager
def answering(answer):
    """The address of a server that says this to whoever comes."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve():
            connection, _ = server.accept()
            with connection:
                connection.recv(100)
                connection.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"127.0.0.1:{server.getsockname()[1]}"
        thread.join(10)


def test_local_needs_nothing(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with open_engine("local") as engine:
        assert engine is LOCAL
    with open_engine(LOCAL) as engine:
        assert engine is LOCAL


@pytest.mark.parametrize("name", ["", "rya", "ray:", "spark", "local:2", "x" * 5000])
def test_an_unknown_engine_is_one_line(name):
    with pytest.raises(UserError, match=r"^no engine .*: there are local, ray and ray:ADDRESS$"):
        open_engine(name).__enter__()


def test_ray_is_named_where_it_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    line = r"^engine ray needs ray: pip install 'dada-augment\[ray\]'$"
    with pytest.raises(UserError, match=line):
        open_engine("ray").__enter__()


def test_not_together_with_torchrun(ray, monkeypatch):
    for name, value in (("RANK", "0"), ("WORLD_SIZE", "2")):
        monkeypatch.setenv(name, value)
    for name, value in (("MASTER_ADDR", "127.0.0.1"), ("MASTER_PORT", "29500")):
        monkeypatch.setenv(name, value)
    with pytest.raises(UserError, match=r"^Ray and torchrun both .* without engine='ray'$"):
        open_engine("ray").__enter__()
    assert not ray.init


def test_a_cluster_of_this_machine_ends_with_the_block(ray):
    with open_engine("ray"):
        assert not ray.shutdown
    ((address, options),) = ray.init
    assert address == "local" and options["num_cpus"] == 1, "as many as PyTorch has threads"
    assert ray.shutdown == 1


def test_the_callers_own_connection_is_used_and_left(ray):
    ray.connected = True
    with open_engine("ray"):
        pass
    assert not ray.init and not ray.shutdown
    with pytest.raises(UserError, match="connected to a Ray cluster already"):
        open_engine("ray:10.0.0.1:6379").__enter__()


def test_a_head_node_is_one_that_speaks_http2(ray, monkeypatch):
    settings = bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))
    with answering(settings) as address, open_engine(f"ray:{address}"):
        pass
    with answering(settings) as other:
        monkeypatch.setenv("RAY_ADDRESS", other)
        with open_engine("ray"):
            pass
    assert [given for given, _ in ray.init] == [address, other]
    assert all("num_cpus" not in options for _, options in ray.init)


@pytest.mark.parametrize("answer", [b"SSH-2.0-OpenSSH_9.9\r\n", b"HTTP/1.1 400 Bad", b"\0"])
def test_whatever_else_answers_is_told_apart_at_once(ray, answer):
    started = time.monotonic()
    with answering(answer) as address, pytest.raises(UserError, match="is not the head node of"):
        open_engine(f"ray:{address}").__enter__()
    assert time.monotonic() - started < 10 and not ray.init


def test_an_address_where_nothing_answers_is_one_line(ray):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(UserError, match=rf"^no Ray cluster answers at 127\.0\.0\.1:{port} \("):
        open_engine(f"ray:127.0.0.1:{port}").__enter__()


@pytest.mark.parametrize("address", ["ray://10.0.0.1:10001", "10.0.0.1", "head:", ":6379", "a:b"])
def test_an_address_has_a_host_and_a_port(ray, address):
    with pytest.raises(UserError, match=r"give ray:HOST:PORT of the head node"):
        open_engine(f"ray:{address}").__enter__()


def test_what_ray_says_is_one_line(ray):
    def init(address, **options):
        raise ConnectionError("Could not find any running Ray instance.\nPlease")

    ray.library.init = init
    with pytest.raises(UserError, match=r"^Ray at auto: Could not find .* instance\. Please$"):
        open_engine("ray:auto").__enter__()
    assert ray.shutdown == 1

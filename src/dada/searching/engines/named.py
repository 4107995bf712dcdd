"""Engines by the names that users give them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from dada.errors import UserError, brief, meant
from dada.searching.engines.engine import LOCAL, Engine
from dada.searching.engines.ray_cluster import connected


@contextmanager
def open_engine(engine: str | Engine) -> Iterator[Engine]:
    """The engine of that name until the end of the block, or the one that is given.

    Args:
        engine: "local"; "ray", a cluster of this machine's cores and GPUs, or the one at the
            environment's ``RAY_ADDRESS``; "ray:HOST:PORT", the cluster of that head node, or
            "ray:auto", the one that this machine belongs to.

    Raises:
        UserError: there is no such engine, Ray is not installed, or no cluster answers.
    """
    if isinstance(engine, Engine):
        yield engine
        return
    kind, colon, address = engine.partition(":")
    if engine == "local":
        yield LOCAL
    elif kind == "ray" and bool(colon) == bool(address):
        with connected(address or None) as cluster:
            yield cluster
    else:
        raise UserError(
            f"no engine {brief(engine)!r}{meant(kind, ('local', 'ray'))}: there are local, ray and "
            "ray:ADDRESS"
        )

"""Where the independent pieces of a search run: here, or on a cluster."""

from dada.searching.engines.engine import LOCAL, Engine
from dada.searching.engines.named import open_engine

__all__ = ["LOCAL", "Engine", "open_engine"]

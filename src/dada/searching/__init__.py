"""Search for a policy: the interface of a search method, and the methods."""

from dada.deprecation import former
from dada.searching.common_settings import SearchSettings
from dada.searching.method import SearchMethod, SearchProblem
from dada.searching.methods import METHODS
from dada.searching.presets import PRESETS
from dada.searching.run import search
from dada.searching.settings import make_settings
from dada.searching.work import SearchWork

__all__ = [
    "METHODS",
    "PRESETS",
    "SearchMethod",
    "SearchProblem",
    "SearchSettings",
    "SearchWork",
    "make_settings",
    "search",
]

__getattr__ = former(
    __name__,
    {
        "Settings": "dada.searching.common_settings:SearchSettings",
        "Watcher": "dada.runs.watchers:Watcher",
    },
)

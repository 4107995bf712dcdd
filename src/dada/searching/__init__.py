"""Searching a policy: by whole trainings, or by the gradient of each step."""

from dada.deprecation import former
from dada.searching.run import search
from dada.searching.settings import PRESETS, Settings, make_settings
from dada.searching.work import SearchWork

__all__ = ["PRESETS", "SearchWork", "Settings", "make_settings", "search"]

__getattr__ = former(__name__, {"Watcher": "dada.runs.watchers:Watcher"})

"""Searching a policy: by whole trainings, or by the gradient of each step."""

from dada.searching.run import Watcher, search
from dada.searching.settings import PRESETS, Settings, make_settings

__all__ = ["PRESETS", "Settings", "Watcher", "make_settings", "search"]

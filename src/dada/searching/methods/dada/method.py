"""DADA at every horizon: one method, whose two forms differ in how a reward comes about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dada.searching.method import SearchMethod
from dada.searching.methods.dada.arms.method import Arms
from dada.searching.methods.dada.one_step.method import OneStep
from dada.searching.methods.dada.settings import ONE_STEP, DadaSettings


class DadaMethod(SearchMethod):
    """The policy gradient: by `OneStep` at the horizon of the paper, by `Arms` beyond it."""

    name, title = "dada", "DADA"
    Settings = DadaSettings

    @classmethod
    def forms(cls) -> tuple[type[SearchMethod], ...]:
        """See `SearchMethod.forms`."""
        return (Arms, OneStep)

    @classmethod
    def at(cls, settings: Mapping[str, Any]) -> type[SearchMethod]:
        """See `SearchMethod.at`: the horizon decides."""
        horizon = settings.get("horizon", Arms.Settings.model_fields["horizon"].default)
        return OneStep if horizon == ONE_STEP else Arms

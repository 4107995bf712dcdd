"""Settings of DADA at every horizon."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from dada.searching.common_settings import DistributionSettings

ONE_STEP = 0.0
"""The horizon of the paper: a reward looks one step ahead."""


class DadaSettings(DistributionSettings):
    """The policy gradient, with a reward that looks as far ahead as the horizon says."""

    method: Literal["dada"] = "dada"
    horizon: Annotated[float, Field(ge=0, le=1)] = 1.0
    """The share of a training in which the reward's policy acts: 0, one step, as in the paper; 1, a
    whole training."""

"""The presets of a search: names for a method and some of its settings."""

from __future__ import annotations

from typing import Any

from dada.training.presets import FINETUNE

PRESETS: dict[str, dict[str, Any]] = {
    "default": {"method": "dada"},
    # Folds of half the default's size: half of its cost.
    "fast": {"method": "dada", "fold_size": "small"},
    # A gradient at each step of one child network, one step ahead, by the best estimators.
    "step": {"method": "dada", "horizon": 0.0},
    # The settings of the paper (section 4) and of its published scripts; those for a particular
    # data set are in `dada.searching.methods.dada.one_step.published`.
    "paper": {
        "method": "dada",
        "horizon": 0.0,
        "flip": True,
        "scale": "paper",
        "spread": 0.0,
        "draws": "batch",
        "estimator": "relax",
        "hypergradient": "finite-difference",
        "magnitudes": "straight-through",
        "parameters": "direct",
        "update": "adam",
        "policy_lr": 0.005,
        "uniform_weights": True,
        "tolerance": 0.0,
    },
    # Trials start from pre-trained weights, in the pipeline that will surround the policy.
    "finetune": {
        "method": "dada",
        **FINETUNE,
        "folds": 2,
        "fold_size": "large",
        "final_rounds": 3,
        "rivals": True,
        "pixels": 96,
    },
    # A minute or two, for a first look.
    "demo": {"method": "dada", "images": 300, "epochs": 30},
}

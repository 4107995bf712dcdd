"""DADA: differentiable automatic data augmentation for images.

    import dada

    policy = dada.search("my_photos/")     # or any of dada.load_policy("dada-cifar10"), ...
    print(policy.describe())
    augment = policy.transform()           # a torchvision v2 transform

The names below are the public ones. They are imported on first use, so that
``import dada`` and ``dada --help`` are quick.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dada import export
    from dada.augment import Draw, PolicyTransform, Sampler, apply
    from dada.cli.follow import Progress
    from dada.comparison.compare import compare
    from dada.datasets import Dataset, ImageSet, from_torch
    from dada.datasets import load as load_dataset
    from dada.errors import UserError
    from dada.ops import register as register_operation
    from dada.policy import (
        Operation,
        Policy,
        PolicySchedule,
        Scale,
        SearchSpace,
        SubPolicy,
        load_policy,
        published_names,
        save_policy,
    )
    from dada.report import contact_sheet
    from dada.report.show import show
    from dada.reporting import write_report
    from dada.runs import Callback
    from dada.searching.run import search
    from dada.training.evaluate import evaluate
    from dada.training.run import train

__version__ = "0.4.0"

_HOME = {
    "Callback": "dada.runs",
    "Dataset": "dada.datasets",
    "Draw": "dada.augment",
    "ImageSet": "dada.datasets",
    "Operation": "dada.policy",
    "Policy": "dada.policy",
    "PolicySchedule": "dada.policy",
    "PolicyTransform": "dada.augment",
    "Progress": "dada.cli.follow",
    "Sampler": "dada.augment",
    "Scale": "dada.policy",
    "SearchSpace": "dada.policy",
    "SubPolicy": "dada.policy",
    "UserError": "dada.errors",
    "apply": "dada.augment",
    "compare": "dada.comparison",
    "contact_sheet": "dada.report",
    "evaluate": "dada.training",
    "export": "dada.export:*",  # the package itself
    "from_torch": "dada.datasets",
    "load_dataset": "dada.datasets:load",
    "load_policy": "dada.policy",
    "published_names": "dada.policy",
    "register_operation": "dada.ops:register",
    "save_policy": "dada.policy",
    "search": "dada.searching",
    "show": "dada.report",
    "train": "dada.training",
    "write_report": "dada.reporting",
}

__all__ = [
    "Callback",
    "Dataset",
    "Draw",
    "ImageSet",
    "Operation",
    "Policy",
    "PolicySchedule",
    "PolicyTransform",
    "Progress",
    "Sampler",
    "Scale",
    "SearchSpace",
    "SubPolicy",
    "UserError",
    "__version__",
    "apply",
    "compare",
    "contact_sheet",
    "evaluate",
    "export",
    "from_torch",
    "load_dataset",
    "load_policy",
    "published_names",
    "register_operation",
    "save_policy",
    "search",
    "show",
    "train",
    "write_report",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'dada' has no attribute {name!r}")
    module, _, attribute = _HOME[name].partition(":")
    home = import_module(module)
    value = home if attribute == "*" else getattr(home, attribute or name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)

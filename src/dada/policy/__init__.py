"""Policies as frozen data and as versioned JSON, the published policies, the search space."""

from dada.policy.files import load_policy, published_names, save_policy
from dada.policy.model import Policy
from dada.policy.scale import Scale
from dada.policy.space import PAPER_OPERATIONS, SearchSpace, effective
from dada.policy.sub_policy import Operation, SubPolicy
from dada.policy.text import dumps, loads
from dada.policy.trivial import trivial_augment

__all__ = [
    "Operation",
    "PAPER_OPERATIONS",
    "Policy",
    "Scale",
    "SearchSpace",
    "SubPolicy",
    "dumps",
    "effective",
    "load_policy",
    "loads",
    "published_names",
    "save_policy",
    "trivial_augment",
]

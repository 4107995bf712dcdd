"""Policies as frozen data and as versioned JSON, the published policies, the search space."""

from dada.policy.files import dumps, load_policy, loads, published_names, save_policy
from dada.policy.model import Operation, Policy, SubPolicy
from dada.policy.scale import Scale
from dada.policy.space import PAPER_OPERATIONS, SearchSpace, effective

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
]

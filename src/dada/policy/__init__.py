"""Policies as frozen data and as versioned JSON, the published policies, the search space."""

from dada.policy.files import as_policy, load_policy, published_names, save_policy
from dada.policy.model import Policy
from dada.policy.operation_list import OperationList
from dada.policy.pba import read_pba
from dada.policy.scale import Scale
from dada.policy.schedule import AnyPolicy, PolicySchedule, Stage
from dada.policy.space import PAPER_OPERATIONS, SearchSpace, effective
from dada.policy.sub_policy import Operation, SubPolicy
from dada.policy.text import dumps, loads
from dada.policy.trivial import trivial_augment

__all__ = [
    "AnyPolicy",
    "Operation",
    "OperationList",
    "PAPER_OPERATIONS",
    "Policy",
    "PolicySchedule",
    "Scale",
    "SearchSpace",
    "Stage",
    "SubPolicy",
    "as_policy",
    "dumps",
    "effective",
    "load_policy",
    "loads",
    "published_names",
    "read_pba",
    "save_policy",
    "trivial_augment",
]

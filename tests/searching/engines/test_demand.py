"""What pieces take of a cluster."""

import pytest
import torch

from dada.compute.threads import SMALL
from dada.errors import UserError
from dada.searching.engines.demand import demand, room

CPU, GPU = torch.device("cpu"), torch.device("cuda")
GIB = 2**30
NODES = [{"CPU": 4, "memory": 8 * GIB}, {"CPU": 2, "memory": 4 * GIB, "GPU": 2}]


def test_a_piece_on_a_cpu_takes_one():
    assert demand(NODES, CPU) == {"CPU": 1}
    assert room(NODES, {"CPU": 1}) == 6


def test_large_batches_take_memory_of_which_no_node_need_have_enough():
    takes = demand(NODES, CPU, pixels=2**20)
    assert takes == {"CPU": 1, "memory": 4 * GIB} and room(NODES, takes) == 2 + 1
    takes = demand(NODES, CPU, pixels=2**24)
    assert takes == {"CPU": 1, "memory": 8 * GIB} and room(NODES, takes) == 1
    assert demand([{"CPU": 4}], CPU, pixels=2**24) == {"CPU": 1}, "where it is not known"


def test_small_networks_share_a_gpu():
    takes = demand(NODES, GPU, pixels=2**24, parameters=SMALL)
    assert takes == {"GPU": 0.25} and room(NODES, takes) == 8
    takes = demand(NODES, GPU, parameters=SMALL + 1)
    assert takes == {"GPU": 1} and room(NODES, takes) == 2


def test_where_nothing_fits_nothing_waits():
    with pytest.raises(UserError, match=r"^no node of the cluster has a GPU: "):
        room(NODES[:1], demand(NODES[:1], GPU))

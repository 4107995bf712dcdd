"""One thread a process: these networks are too small to share, and the order of sums stays put."""

import os

os.environ["OMP_NUM_THREADS"] = "1"  # before PyTorch is imported; child processes inherit it

import pytest


@pytest.fixture(scope="session")
def digits():
    from dada.datasets import load

    return load("digits")

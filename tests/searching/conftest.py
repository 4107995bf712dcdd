import pytest
import torch

from dada.searching.run import new_search
from dada.searching.settings import for_dataset, make_settings
from tests.searching import TINY


@pytest.fixture
def begin(digits):
    """A search on 16 digits, before its first step."""

    def build(model=None, **settings):
        chosen = for_dataset(make_settings(**{**TINY, **settings}), digits)
        torch.manual_seed(chosen.seed)
        return new_search(chosen, digits, model, torch.device("cpu"))

    return build

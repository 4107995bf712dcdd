"""Former names work for one version more and say so."""

import types
from importlib import import_module

import pytest

import dada
from dada.deprecation import former, renamed
from dada.errors import UserError


def test_a_renamed_parameter_is_taken_under_either_name_but_not_both():
    assert renamed("watch", None, "callback", 1) == 1
    assert renamed("watch", None, "callback", None) is None
    with pytest.warns(DeprecationWarning, match="watch is called callback now"):
        assert renamed("watch", 2, "callback", None) == 2
    with pytest.raises(UserError, match="watch is the former name of callback: give callback"):
        renamed("watch", 2, "callback", 1)


def test_a_former_name_of_a_module_leads_to_where_it_is_now():
    module = types.ModuleType("old")
    module.__getattr__ = former("old", {"Error": "dada.errors:UserError"})
    with pytest.warns(DeprecationWarning, match=r"old\.Error: use dada\.errors\.UserError"):
        assert module.Error is UserError
    assert not hasattr(module, "Other")


@pytest.mark.parametrize(
    ("module", "name", "now"),
    [
        ("dada.augment", "Feed", dada.augment.Loader),
        ("dada.augment", "FileFeed", dada.augment.FileLoader),
        ("dada.augment", "MemoryFeed", dada.augment.MemoryLoader),
        ("dada.models", "Scout", dada.models.Proxy),
        ("dada.searching", "Settings", dada.searching.SearchSettings),
        ("dada.training", "compare", dada.compare),
    ],
)
def test_public_names_of_0_2_are_found(module, name, now):
    with pytest.warns(DeprecationWarning, match=f"{module}.{name}: use dada"):
        assert getattr(import_module(module), name) is now

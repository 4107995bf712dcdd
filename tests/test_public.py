"""The public names are one list, each of them is there, and importing them costs nothing."""

import subprocess
import sys

import dada


def test_the_public_names_exist_and_are_listed_once():
    assert sorted(dada.__all__) == sorted([*dada._HOME, "__version__"])
    for name in dada.__all__:
        assert getattr(dada, name) is not None
    assert set(dir(dada)) == set(dada.__all__)


def test_every_public_name_is_documented():
    for name in dada.__all__:
        if name != "__version__":
            assert (getattr(dada, name).__doc__ or "").strip(), name


def test_importing_dada_imports_nothing_heavy():
    code = "import dada, sys; print(sorted({'torch', 'numpy', 'pydantic'} & set(sys.modules)))"
    output = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert output.stdout.strip() == "[]"


def test_an_unknown_name_is_an_attribute_error():
    assert not hasattr(dada, "serach")

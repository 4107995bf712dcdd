import re
import sys
import tomllib
from pathlib import Path

import pytest

from dada.errors import UserError
from dada.extras import PACKAGES, check_library, install, library

PROJECT = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]
SHIPPED = set(PROJECT["optional-dependencies"]) - {"dev", "docs"}


def test_every_extra_is_named_and_no_other():
    lines = "\n".join(map(install, PACKAGES))
    assert set(re.findall(r"pip install 'dada-augment\[(\w+)\]'", lines)) == SHIPPED


@pytest.mark.parametrize("find", [library, check_library])
def test_what_is_missing_is_named_with_the_line_that_installs_it(find, monkeypatch):
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(UserError) as raised:
        find("timm", "network 'timm:resnet50'")
    line = "pip install 'dada-augment[timm]'"
    assert str(raised.value) == f"network 'timm:resnet50' needs timm: {line}"


def test_what_is_there_is_found(monkeypatch):
    monkeypatch.setitem(PACKAGES, "json", "json")
    assert library("json", "a test").dumps([]) == "[]"
    check_library("json", "a test")

"""What is read in Python names no flag of the command line: `dada.errors.option` writes both."""

import ast
import re

import pytest

from tests.tree import SOURCE

SHELL = {"errors.py", "report/commands.py", "comparison/page.py"}
"""They write for a shell: `option` itself, and the commands on pages."""
FILES = {
    name: path
    for path in sorted(SOURCE.rglob("*.py"))
    for name in [path.relative_to(SOURCE).as_posix()]
    if not name.startswith("cli/")
}


def flags(text):
    """The texts in code that name a flag; docstrings are for developers."""
    tree = ast.parse(text)
    docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    texts = [n for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str)]
    return [n.value for n in texts if id(n) not in docs and re.search(r"(?<!\S)--[a-z]", n.value)]


@pytest.mark.parametrize("name", sorted(FILES.keys() - SHELL))
def test_no_message_for_python_names_a_flag(name):
    assert not flags(FILES[name].read_text())


def test_a_flag_would_be_found():
    assert flags('"""--doc"""\nnote = f"{model} is small; --model takes another"')
    assert all(flags(FILES[name].read_text()) for name in SHELL)

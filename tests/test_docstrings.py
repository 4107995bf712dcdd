"""Every public name has a docstring, everything has types, and the examples in docstrings run."""

import ast
import doctest
from importlib import import_module
from pathlib import Path

import pytest
import torch

from dada.ops import registry

SOURCE = Path(__file__).parent.parent / "src"
AT_LEAST = 40  # docstrings with an example


def named(node, prefix):
    """A node, and the functions and classes in it, methods included, by their dotted names."""
    yield prefix, node
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.ClassDef) and not isinstance(
            node, ast.FunctionDef
        ):
            yield from named(child, f"{prefix}.{child.name}")


def modules():
    for file in sorted((SOURCE / "dada").rglob("*.py")):
        parts = file.relative_to(SOURCE).with_suffix("").parts
        yield ".".join(part for part in parts if part != "__init__"), ast.parse(file.read_text())


NAMED = {module: dict(named(tree, module)) for module, tree in modules()}
EVERYTHING = {name: node for found in NAMED.values() for name, node in found.items()}
EXAMPLES = [
    pytest.param(module, name, text, id=name)
    for module, found in NAMED.items()
    for name, node in found.items()
    if ">>>" in (text := ast.get_docstring(node) or "")
]


def names_of(module):
    """What an example may use without importing it: the names of `dada` in its module."""
    names = vars(import_module(module)).items()
    return {k: v for k, v in names if str(getattr(v, "__module__", "")).startswith("dada")}


@pytest.mark.parametrize(("module", "name", "text"), EXAMPLES)
def test_the_example_runs(module, name, text, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(registry, "_operations", dict(registry._operations))
    test = doctest.DocTestParser().get_doctest(text, names_of(module), name, None, None)
    said = []
    with torch.random.fork_rng(devices=[]):
        doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test, out=said.append)
    assert not said, "".join(said)


def test_there_are_examples():
    assert len(EXAMPLES) >= AT_LEAST


def test_every_public_name_has_a_docstring():
    public = {name: node for name, node in EVERYTHING.items() if "._" not in name}
    assert not [name for name, node in public.items() if not ast.get_docstring(node)]


def test_every_function_has_types():
    untyped = []
    for name, node in EVERYTHING.items():
        if isinstance(node, ast.FunctionDef):
            a = node.args
            given = [*a.posonlyargs, *a.args, *a.kwonlyargs, a.vararg, a.kwarg]
            typed = [arg.annotation for arg in given if arg and arg.arg not in ("self", "cls")]
            if not all([*typed, node.returns]):
                untyped.append(name)
    assert not untyped

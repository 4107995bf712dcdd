"""What all targets share."""

import ast

import numpy as np
import pytest
from PIL import Image

from dada.errors import UserError
from dada.export import TARGETS, target, write
from dada.export.templates import fill, inlined
from dada.ops import names
from dada.policy import load_policy, save_policy

TABLES = {
    "SUB_POLICIES": '[(1.0, [("Invert", 1.0, 0.5, 0.0)])]',
    "LINES": '{"Invert": ((0.0, 0.0), (0.0, 0.0))}',
    "OPERATIONS": '{"Invert": invert}',
}


@pytest.mark.parametrize("name", TARGETS)
def test_every_target_has_the_interface(name):
    found = target(name)
    assert found.name == name and found.what
    assert found.endings and all(ending.startswith(".") for ending in found.endings)
    assert set(found.operations) <= set(names())


def test_a_policy_comes_by_name_as_a_file_or_as_itself(tmp_path):
    policy = load_policy("dada-cifar10")
    save_policy(policy, tmp_path / "policy.json")
    texts = {write(p, "list") for p in (policy, "dada-cifar10", tmp_path, tmp_path / "policy.json")}
    assert len(texts) == 1
    assert write(policy, "list", tmp_path / "list.json") == (tmp_path / "list.json").read_text()


def test_mistakes_are_said(tmp_path):
    with pytest.raises(UserError, match="no export to 'keras'; there are python, torchvision"):
        target("keras")
    with pytest.raises(UserError, match=r"for python a file ends in \.py"):
        write("dada-cifar10", "python", tmp_path / "policy.json")
    with pytest.raises(UserError, match="no policy 'nowhere'"):
        write("nowhere", "python")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("template", ["python", "torchvision"])
def test_a_template_is_cut_to_what_is_used(template):
    text = fill(template, "A policy.", TABLES)
    tree = ast.parse(text)
    assert ast.get_docstring(tree) == "A policy."
    functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert "invert" in functions and not functions & {"rotate", "cutout", "by_affine"}
    imported = {
        (alias.asname or alias.name).partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    assert imported - used == {"annotations"}
    assert "\n\n\n\n" not in text and text.endswith("\n") and not text.endswith("\n\n")


def test_what_comes_from_dada_is_written_out_once_with_its_imports():
    text = fill("torchvision", "A policy.", TABLES)
    tree = ast.parse(text)
    defined = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
    assert len(defined) == len(set(defined)) and {"follow", "move_boxes", "affine"} <= {*defined}
    assert "from torch import Tensor\nfrom torch.nn.functional import pad\nfrom torchvision" in text
    assert "dada." not in "".join(line for line in text.splitlines() if "import" in line)
    names = {}
    exec(inlined("dada.ops.moving", ["_area"]), {"Tensor": None}, names)
    assert names.keys() == {"_area"}


@pytest.mark.parametrize("template", ["python", "torchvision"])
def test_a_template_runs_as_it_stands(template):
    module = __import__(f"dada.export.templates.{template}", fromlist=["Augment"])
    image = Image.fromarray(np.zeros((8, 8, 3), np.uint8))
    assert module.Augment()(image).size == (8, 8)

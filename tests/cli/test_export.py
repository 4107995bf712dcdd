"""A policy for other libraries, from the command line."""

from pathlib import Path

import pytest

from dada import load_policy
from dada.export import TARGETS, target, write
from dada.ops import register, registry
from dada.policy import Operation, Policy, SubPolicy, save_policy
from tests.cli.commands import check_refused, contents

BAD = {
    "export": "give a policy to export",
    "export dada-svhn": "give --to: one of python, torchvision",
    "export --to python": "give a policy to export",
    "export dada-svhn --to keras": "no export to 'keras'; there are python, torchvision",
    "export nowhere --to python": "no policy 'nowhere': neither a file",
    "export broken.json --to python": "broken.json: neither JSON nor a Python list",
    "export dada-svhn --to python -o taken.py": "taken.py exists: choose another file",
    "export dada-svhn --to python -o folder": "cannot write folder: Is a directory",
    "export dada-svhn --to python -o folder.py --force": "cannot write folder.py: Is a directory",
    "export dada-svhn --to python -o policy": "policy: for python a file ends in .py",
    "export dada-svhn --to python -o policy.json": "policy.json: for python a file ends in .py",
    "export dada-svhn --to list -o list.txt": "list.txt: for list a file ends in .json or .py",
    "export dada-svhn --to python -o nowhere/policy.py": "cannot write nowhere/policy.py",
    f"export dada-svhn --to python -o {'x' * 300}.py": "File name too long",
    "export autoaugment-cifar10 --to list": "TranslateX by 0.453172",
    "export dada-svhn --to python --force policy.py": "unexpected extra argument",
}


@pytest.mark.parametrize(("command", "reason"), BAD.items(), ids=range(len(BAD)))
def test_a_mistake_gets_one_line_and_changes_nothing(command, reason, dada):
    Path("broken.json").write_text("[[")
    Path("taken.py").write_text("years of work")
    Path("folder").mkdir()
    Path("folder.py").mkdir()
    before = contents(".")
    result = dada(command)
    check_refused(result, reason)
    assert contents(".") == before and not result.out


def test_the_text_goes_to_the_terminal_or_into_a_file(dada):
    shown = dada("export dada-cifar10 --to python")
    assert (shown.code, shown.err) == (0, "")
    assert shown.out == write("dada-cifar10", "python")
    written = dada("export dada-cifar10 --to python -o policy.py")
    assert (written.code, written.err) == (0, "") and "policy.py" in written.out
    assert Path("policy.py").read_text() == shown.out


def test_force_replaces_a_file(dada):
    Path("policy.py").write_text("old")
    assert dada("export dada-cifar10 --to python -o policy.py --force").code == 0
    assert Path("policy.py").read_text() == write("dada-cifar10", "python")


def test_differences_are_notes_and_never_in_the_text(dada):
    notes = [f"note: {d}" for d in target("torchvision").differences(load_policy("dada-svhn"))]
    shown = dada("export dada-svhn --to torchvision")
    assert notes and shown.err.splitlines() == notes
    assert shown.out == write("dada-svhn", "torchvision")
    written = dada("export dada-svhn --to torchvision -o policy.py")
    assert not written.err and written.out.splitlines()[:-1] == notes


def test_a_file_and_a_run_folder_are_policies(dada):
    policy = Policy((SubPolicy((Operation("Invert", 0.25, 0.5),)),))
    Path("run").mkdir()
    save_policy(policy, "run/policy.json")
    for source in ("run", "run/policy.json"):
        assert dada(f"export {source} --to list").out == '[\n  [["Invert", 0.25, 0.5]]\n]\n'


def test_an_operation_that_a_target_does_not_know_is_refused_and_listed(dada, monkeypatch):
    monkeypatch.setattr(registry, "_operations", dict(registry._operations))
    register("Halve")(lambda images, values: images // 2)
    save_policy(Policy((SubPolicy((Operation("Halve", 0.25, 0.5),)),)), "policy.json")
    for to in TARGETS:
        for out in ("", f" -o written{target(to).endings[0]}"):
            result = dada(f"export policy.json --to {to}{out}")
            check_refused(result, f"the {to} export does not know Halve: it has ShearX, ")
            assert not result.out
    assert [p.name for p in Path().iterdir()] == ["policy.json"]
    lines = dada("export --list").out.splitlines()
    assert all(line.endswith("Halve") for line in lines)


def test_the_list_of_targets_and_the_help_name_them_all(dada):
    lines = dada("export --list").out.splitlines()
    assert tuple(line.split()[0] for line in lines) == TARGETS
    assert all(len(line.split()) > 5 for line in lines)
    moving = [line.split()[0] for line in lines if "; moves masks" in line]
    assert moving == ["torchvision", "albumentations", "kornia", "dali"]
    assert sum("; pictures alone; " in line for line in lines) == len(lines) - len(moving)
    words = dada("export --help").out.replace(",", " ").replace(".", " ").split()
    assert set(TARGETS) <= set(words)

"""What docs/architecture.md says of the tree is what the tree is."""

from graphlib import TopologicalSorter

import grimp

from tests.tree import ROOT, SOURCE, layers, tree


def test_the_page_has_the_tree_of_the_code():
    page = (ROOT / "docs" / "architecture.md").read_text()
    assert f"```\n{tree()}\n```" in page, "python -m tests.tree prints it as it is"


def test_every_package_and_module_is_a_layer():
    there = {p.stem for p in SOURCE.iterdir() if p.is_dir() or p.suffix == ".py"}
    assert {name for name in there if not name.startswith("_")} == set(layers())


def test_no_module_imports_itself_by_way_of_others_but_for_policy_transform():
    graph = grimp.build_graph("dada", exclude_type_checking_imports=True)
    for name in graph.find_children("dada.augment") | {"dada.augment"}:
        if graph.direct_import_exists(importer="dada.policy.model", imported=name):
            graph.remove_import(importer="dada.policy.model", imported=name)
    imports = {name: graph.find_modules_directly_imported_by(name) for name in graph.modules}
    tuple(TopologicalSorter(imports).static_order())  # raises CycleError where there is one

"""What docs/architecture.md says of the tree is what the tree is."""

from tests.tree import ROOT, SOURCE, layers, tree


def test_the_page_has_the_tree_of_the_code():
    page = (ROOT / "docs" / "architecture.md").read_text()
    assert f"```\n{tree()}\n```" in page, "python -m tests.tree prints it as it is"


def test_every_package_and_module_is_a_layer():
    there = {p.stem for p in SOURCE.iterdir() if p.is_dir() or p.suffix == ".py"}
    assert {name for name in there if not name.startswith("_")} == set(layers())

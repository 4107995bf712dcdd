"""Every relative link of the documentation leads somewhere, and its Python is Python."""

import ast
import re
from importlib import import_module
from pathlib import Path

import pytest

import dada

ROOT = Path(__file__).parent.parent
API = ROOT / "docs" / "api"
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]

FENCED = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"!?\[(?:[^\]\[]|\[[^\]]*\])*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#{1,6} +(.+?) *#*$", re.MULTILINE)


def prose(page):
    """The text without fenced and inline code."""
    return re.sub(r"`[^`\n]+`", "code", FENCED.sub("", page.read_text()))


def anchors(page):
    """What GitHub calls the headings of a page, and what the site calls its API."""
    found = re.findall(r"^::: ([\w.]+)$", page.read_text(), re.MULTILINE)
    for heading in HEADING.findall(FENCED.sub("", page.read_text())):
        words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        slug = re.sub(r"[^\w\- ]", "", words).replace(" ", "-")
        again = sum(
            re.fullmatch(rf"{re.escape(slug)}(-\d+)?", other) is not None for other in found
        )
        found.append(f"{slug}-{again}" if again else slug)
    return found


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_every_relative_link_and_anchor_resolves(page):
    broken = []
    for link in LINK.findall(prose(page)):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.is_file() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert not broken


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_python_in_the_text_is_python(page):
    for _, language, code in FENCED.findall(page.read_text()):
        if language == "python":
            ast.parse(code)


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_formulas_survive_github(page):
    """There a backslash before punctuation is Markdown's, and some macros are forbidden."""
    for formula in re.findall(r"\$\$?([^$\n]+)\$\$?", prose(page)):
        assert not re.search(r"\\([!-/:-@\[-`{-~]|operatorname)", formula), formula


def test_every_page_is_in_the_navigation():
    config = (ROOT / "mkdocs.yml").read_text()
    missing = [
        page for page in (ROOT / "docs").rglob("*.md")
        if f": {page.relative_to(ROOT / 'docs').as_posix()}\n" not in config
    ]  # fmt: skip
    assert not missing


def test_every_public_name_is_in_the_api_reference():
    """Pages show a package's public names; one that is called like its module has to be named."""
    texts = {page.stem: page.read_text() for page in API.glob("*.md")}
    for name in set(dada.__all__) - {"__version__"}:
        assert re.search(rf"`{name}`|\.{name}$", texts["dada"], re.MULTILINE), name
    for package in set(texts) - {"dada"}:
        home = import_module(f"dada.{package}")
        for name in getattr(home, "__all__", ()):
            if Path(home.__file__).with_name(f"{name}.py").exists():
                directive = rf"^::: dada\.{package}\.\w+\.{name}$"
                named = [re.search(directive, text, re.MULTILINE) for text in texts.values()]
                assert any(named), f"{package}.{name}"

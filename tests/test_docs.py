"""Every relative link of the documentation leads somewhere; its Python and its tables are right."""

import ast
import json
import re
from importlib import import_module
from itertools import chain, count
from pathlib import Path

import pytest

import dada
from dada.searching import METHODS, PRESETS, SearchMethod
from dada.searching.best_of import BestOf
from dada.searching.epochs import Epochs
from dada.searching.methods.dada import Arms, OneStep
from dada.searching.rounds import Rounds

ROOT = Path(__file__).parent.parent
API = ROOT / "docs" / "api"
GUIDE = ROOT / "docs" / "guide"
EXTENDING = ROOT / "docs" / "extending.md"
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
        numbered = (f"{slug}-{number}" for number in count(1))
        found.append(next(name for name in chain([slug], numbered) if name not in found))
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


def section(page, heading):
    """The text below a heading, down to the next one."""
    _, _, text = f"\n{page.read_text()}".partition(f"\n{heading}\n")
    return re.split(r"^#+ ", FENCED.sub("", text), flags=re.MULTILINE)[0]


def rows(text):
    """The cells of the tables of a text, without their headings."""
    bodies = re.findall(r"^\|[-|]+\|\n((?:\|.*(?:\n|$))+)", text, re.MULTILINE)
    lines = "".join(bodies).splitlines()
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def settings_shown(page, heading):
    """By setting, its default as the page has it: a value, or None if it is in words."""
    shown = {}
    for name, default, _ in rows(section(page, heading)):
        code = re.match(r"`([^`]*)`", default)
        try:
            shown[name.strip("`")] = code and json.loads(code[1])
        except ValueError:
            shown[name.strip("`")] = code[1]
    return shown


def settings_there(settings, names):
    """By setting, its default as JSON has it."""
    fields = settings.model_fields
    usual = {name: fields[name].get_default(call_default_factory=True) for name in names}
    return json.loads(json.dumps(usual))


def common_settings():
    forms = [form for method in METHODS.values() for form in method.forms()]
    fields = [form.Settings.model_fields for form in forms]
    return set(fields[0]).intersection(*fields[1:])


def test_the_settings_of_every_method_are_on_their_page():
    there = settings_there(METHODS["random"].Settings, common_settings()) | {
        "method": None
    }  # differs
    assert settings_shown(GUIDE / "settings.md", "## Settings of every method") == there


@pytest.mark.parametrize("method", METHODS)
def test_the_settings_of_each_method_are_on_its_page(method):
    settings = METHODS[method].Settings
    own = set(settings.model_fields) - common_settings()
    page = GUIDE / "methods.md"
    assert settings_shown(page, f"## {method}") == settings_there(settings, own)


@pytest.mark.parametrize(("heading", "form"), [("Beyond one step", Arms), ("One step", OneStep)])
def test_the_settings_of_each_form_of_dada_are_below_it(heading, form):
    own = set(form.Settings.model_fields) - set(METHODS["dada"].Settings.model_fields)
    there = settings_there(form.Settings, own - common_settings())
    assert settings_shown(GUIDE / "methods.md", f"### {heading}") == there


def test_presets_and_their_methods_are_on_the_page_of_settings():
    shown = rows(section(GUIDE / "settings.md", "## Presets"))
    named = {preset.strip("`"): re.search(r"`(\w+)`", method)[1] for preset, method, _ in shown}
    assert named == {preset: settings["method"] for preset, settings in PRESETS.items()}


def test_every_search_method_is_in_the_table_of_methods():
    shown = [
        name.split("`")[1] for name, *_ in rows(section(GUIDE / "methods.md", "# Search methods"))
    ]
    assert shown == list(METHODS)


def test_what_a_search_method_leaves_to_its_subclasses_is_on_the_page():
    classes, *parts = re.split(r"(?=\n\| \| \|)", section(EXTENDING, "### What a method says"))
    named = {row[0].strip("`"): set(re.findall(r"`(\w+)`", row[1])) for row in rows(classes)}
    everything = re.findall(r"`(\w+)`", " ".join(row[0] for row in rows(parts[0])))
    assert set(everything) == SearchMethod.__abstractmethods__
    assert named["Rounds"] == Rounds.__abstractmethods__
    assert named["Epochs`, of one network"] == Epochs.__abstractmethods__
    assert named["BestOf"] == BestOf.__abstractmethods__

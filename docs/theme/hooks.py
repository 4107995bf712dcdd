"""What the site has beside docs/: the changelog, the examples as pages, formulas as MathML."""

import json
import re
from html import unescape
from pathlib import Path
from typing import Any

from latex2mathml.converter import convert
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parent.parent.parent

_EXAMPLE = re.compile(r"\]\((?:\.\./)+examples/(\w+)\.(?:py|ipynb)\)")
_FORMULA = re.compile(r'<(span|div) class="arithmatex">\\[(\[](.*?)\\[)\]]</\1>', re.DOTALL)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add pages of files that lie outside docs/."""
    changelog = (ROOT / "CHANGELOG.md").read_text()
    files.append(File.generated(config, "changelog.md", content=changelog))
    for path in sorted((ROOT / "examples").glob("*.py")):
        page = f"# examples/{path.name}\n\n```python\n{path.read_text()}```\n"
        files.append(File.generated(config, f"examples/{path.stem}.md", content=page))
    for path in sorted((ROOT / "examples").glob("*.ipynb")):
        page = "\n\n".join(map(_cell, json.loads(path.read_text())["cells"]))
        files.append(File.generated(config, f"examples/{path.stem}.md", content=page))
    return files


def _cell(cell: dict[str, Any]) -> str:
    """A cell of a notebook as Markdown."""
    source = "".join(cell["source"])
    return f"```python\n{source}\n```" if cell["cell_type"] == "code" else source


def on_page_markdown(markdown: str, page: Page, **_: object) -> str:
    """Links to the files of examples/ become links to their pages."""
    up = "../" * page.file.src_uri.count("/")
    return _EXAMPLE.sub(rf"]({up}examples/\1.md)", markdown)


def on_page_content(html: str, **_: object) -> str:
    """Formulas in TeX, which GitHub draws too, become MathML, which browsers draw by themselves."""
    return _FORMULA.sub(_mathml, html)


def _mathml(found: re.Match[str]) -> str:
    display = found[1] == "div"
    formula = convert(unescape(found[2].strip()), display="block" if display else "inline")
    if "\\" in formula:
        raise PluginError(f"a formula has a command that cannot be converted: {found[2]}")
    return f'<div class="formula">{formula}</div>' if display else formula

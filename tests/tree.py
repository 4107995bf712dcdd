"""The tree of docs/architecture.md, made from the code: layers, and the first line of each file.

python -m tests.tree          prints it
"""

import ast
import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "dada"
ROOMS = (
    "compute",
    "tasks",
    "runs",
    "training",
    "searching",
    "searching/methods",
    "searching/methods/dada",
    "comparison",
)
"""Packages whose files are shown too."""
_COLUMN = 26


def layers() -> list[str]:
    """Packages and modules, each above those that it may import."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    (first, *_) = contracts["contracts"]
    return [name.removeprefix("dada.") for name in first["layers"]][::-1]


def tree() -> str:
    """The whole tree as text."""
    lines = ["src/dada/"]
    for name in layers():
        lines += _shown(SOURCE / name, 1)
    return "\n".join(lines)


def _shown(path: Path, depth: int) -> list[str]:
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    name = f"{path.name}/" if path.is_dir() else file.name
    lines = [f"{'  ' * depth}{name}".ljust(_COLUMN) + _first_line(file)]
    if path.is_dir() and path.relative_to(SOURCE).as_posix() in ROOMS:
        for inner in sorted(path.iterdir(), key=lambda p: (p.is_file(), p.name)):
            if not inner.name.startswith("_") and (inner.is_dir() or inner.suffix == ".py"):
                lines += _shown(inner, depth + 1)
    return lines


def _first_line(file: Path) -> str:
    docstring = ast.get_docstring(ast.parse(file.read_text())) or ""
    return re.sub(r"\.$", "", docstring.partition("\n")[0])


if __name__ == "__main__":
    print(tree())

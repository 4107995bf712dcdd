"""Modules that run as they are, with all operations in them, which exported files are cut from.

An exported file is the part of one that a policy needs, with the policy's tables in it. What a
template imports from `dada` is written into the file.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from importlib.resources import files


@dataclass(frozen=True)
class Piece:
    """One statement of a template at its top level.

    Attributes:
        text: with the comment before it.
        blank: how many empty lines come before.
        defined: the names that it defines.
        used: the names in it.
        is_import: whether it is an import.
    """

    text: str
    blank: int
    defined: frozenset[str]
    used: frozenset[str]
    is_import: bool = False


def fill(template: str, heading: str, tables: Mapping[str, str]) -> str:
    """The part of a template that its class ``Augment`` needs with these tables.

    Args:
        template: name of a module here.
        heading: the file's docstring, without quotes.
        tables: text of the values that replace the template's, by name of the variable.
    """
    text = _written(_alone(_read(template), tables), {"Augment", "annotations"})
    return f'"""{heading}"""\n\n{text}'


def inlined(module: str, names: Collection[str]) -> str:
    """The part of a module of `dada` that these names need, without its imports from elsewhere.

    Examples:
        >>> print(inlined("dada.ops.moving", ["IDENTITY"]))
        IDENTITY = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
        <BLANKLINE>
    """
    pieces = [piece for piece in _alone(_source(module), {}) if not piece.is_import]
    return _written(pieces, set(names))


def _written(pieces: list[Piece], roots: set[str]) -> str:
    """The pieces that the roots need: imports first, and each name once."""
    needed, blank, done = _closure(pieces, roots), 0, set[str]()
    text = _imports([piece for piece in pieces if piece.is_import], needed)
    for piece in pieces:
        blank = max(blank, piece.blank)
        if not piece.is_import and piece.defined & (needed - done):
            text += "\n" * (blank if text else 0) + piece.text + "\n"
            blank = 2 * piece.text.startswith(("def ", "class "))
            done |= piece.defined
    return text


def _imports(pieces: list[Piece], needed: set[str]) -> str:
    """The imports that are needed, sorted within their groups."""
    groups: list[list[str]] = []
    done, apart = set[str](), True
    for piece in pieces:
        apart |= piece.blank > 0
        if kept := _narrowed(piece, needed - done):
            groups += [[]] * apart
            groups[-1] = [*groups[-1], kept]
            done, apart = done | piece.defined, False
    plain_first = [sorted(g, key=lambda line: (line.startswith("from"), line)) for g in groups]
    return "\n".join("\n".join(group) + "\n" for group in plain_first)


def operations(template: str) -> dict[str, str]:
    """The operations that a template knows, each with the name of its function there.

    Examples:
        >>> operations("python")["ShearX"]
        'shear_x'
    """
    return known(_read(template))


def _read(template: str) -> str:
    return _source(f"{__name__}.{template}")


def _source(module: str) -> str:
    package, _, name = module.rpartition(".")
    return (files(package) / f"{name}.py").read_text(encoding="utf-8")


def known(source: str) -> dict[str, str]:
    """The table ``OPERATIONS`` of a Python file: each operation with the text of its entry.

    Examples:
        >>> known('OPERATIONS = {"Invert": (invert, 255)}')
        {'Invert': '(invert, 255)'}

    Raises:
        ValueError: there is no such table.
    """
    for node in ast.parse(source).body:
        match node:
            case (
                ast.Assign(targets=[ast.Name(id="OPERATIONS")], value=ast.Dict() as table)
                | ast.AnnAssign(target=ast.Name(id="OPERATIONS"), value=ast.Dict() as table)
            ):
                names = (str(ast.literal_eval(key)) for key in table.keys if key)
                return dict(zip(names, map(ast.unparse, table.values), strict=True))
    raise ValueError("no table of operations")


def _alone(source: str, tables: Mapping[str, str]) -> list[Piece]:
    """The pieces of a file and, at its end, of what it imports from `dada`."""
    found: list[Piece] = []
    imported: list[Piece] = []
    for piece in _pieces(source, tables):
        node = ast.parse(piece.text).body[0] if piece.is_import else None
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("dada."):
            inner = _alone(_source(str(node.module)), {})
            needed = _closure(inner, set(piece.defined))
            # What it imports itself joins the last group, of other packages.
            imported += [replace(p, blank=0) for p in inner if p.is_import]
            imported += [p for p in inner if not p.is_import and p.defined & needed]
        else:
            found.append(piece)
    return [*found, *imported]


def _pieces(source: str, tables: Mapping[str, str]) -> Iterator[Piece]:
    lines = source.splitlines()
    nodes = ast.parse(source).body
    end = nodes[0].end_lineno or 0
    for node in nodes[1:]:
        first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])
        between = lines[end : first - 1]
        blank = next((i for i, line in enumerate(between) if line), len(between))
        end = node.end_lineno or 0
        text = "\n".join([*between[blank:], *lines[first - 1 : end]])
        defined = frozenset(_defined(node))
        if table := tables.get(next(iter(defined), "")):
            statement = f"{lines[first - 1].partition(' = ')[0]} = {table}"
            text = "\n".join([*between[blank:], statement])
            node = ast.parse(statement).body[0]  # noqa: PLW2901
        is_import = isinstance(node, ast.Import | ast.ImportFrom)
        yield Piece(text, blank, defined, frozenset(_used(node)), is_import)


def _defined(node: ast.stmt) -> Iterator[str]:
    match node:
        case ast.Import() | ast.ImportFrom():
            yield from ((a.asname or a.name).partition(".")[0] for a in node.names)
        case ast.FunctionDef() | ast.ClassDef():
            yield node.name
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            yield name


def _used(node: ast.AST) -> Iterator[str]:
    return (n.id for n in ast.walk(node) if isinstance(n, ast.Name))


def _closure(pieces: list[Piece], roots: set[str]) -> set[str]:
    """All names that the roots need, themselves included."""
    uses = {name: piece.used for piece in pieces for name in piece.defined}
    needed, waiting = set(roots), [*roots]
    while waiting:
        new = (uses.get(waiting.pop(), frozenset()) & uses.keys()) - needed
        needed |= new
        waiting += new
    return needed


def _narrowed(piece: Piece, needed: set[str]) -> str:
    """The import, cut to what is needed; empty if nothing is."""
    node = ast.parse(piece.text).body[0]
    assert isinstance(node, ast.Import | ast.ImportFrom)
    node.names = [a for a in node.names if (a.asname or a.name).partition(".")[0] in needed]
    return ast.unparse(node) if node.names else ""

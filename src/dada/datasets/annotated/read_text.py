"""Text files of bounded size, and class names in them."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from dada.datasets.annotated.places import files
from dada.errors import UserError
from dada.files import opened

_MOST = 2**26  # bytes of a file
_LISTS = r"(classes|names|labels|class_?names|obj|labelmap)\.(txt|names)"
_ITEM = re.compile(r"""\s*((?:\d+\s*:\s*)?(?:'(?:[^']|'')*'|"[^"]*"|[^,'"]+))\s*(?:,|$)""")
_YAML = r".*\.ya?ml"


def lines(path: Path) -> Iterator[tuple[int, str]]:
    """The lines that are not empty, stripped, each with its number from 1.

    Raises:
        UserError: the file is not UTF-8 text, or too large.
    """
    with opened(path, _MOST) as file:
        content = file.read()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        first = content.count(b"\n", 0, error.start) + 1
        raise UserError(f"{path}:{first}: not UTF-8 text") from None
    for number, line in enumerate(text.split("\n"), 1):
        if plain := line.strip():
            yield number, plain


def class_names(*places: Path) -> tuple[str, ...]:
    """Names by number, one per line of ``classes.txt`` or the like; none if there is no such file.

    Raises:
        UserError: the file cannot be read, or has a name twice.
    """
    for place in places:
        for path in files(place, _LISTS):
            return _distinct(path, tuple(line for _, line in lines(path)))
    return ()


def yaml_names(root: Path) -> tuple[str, ...] | None:
    """The ``names`` in a folder's YAML file, as YOLO writes them; None if there is no such file.

    No YAML library is needed for the three ways in which they are written: ``[cat, dog]``, a list
    of ``- cat`` and a map of ``0: cat``. All other keys are ignored, paths among them.

    Raises:
        UserError: the names are written in another way; the message names the line.

    Examples:
        >>> from pathlib import Path
        >>> Path("pets").mkdir()
        >>> written = Path("pets/data.yaml").write_text("nc: 2\\nnames:\\n  0: cat\\n  1: dog\\n")
        >>> yaml_names(Path("pets"))
        ('cat', 'dog')
    """
    for path in files(root, _YAML):
        found = list(lines_of_names(path))
        if found:
            return _distinct(path, _names(path, found))
    return None


def lines_of_names(path: Path) -> Iterator[tuple[int, str]]:
    """The lines of ``names:`` with their numbers: what is after the colon, and what is below."""
    inside = False
    with opened(path, _MOST) as file:
        text = file.read().decode("utf-8-sig", errors="replace")
    for number, raw in enumerate(text.split("\n"), 1):
        line = re.sub(r"(^|\s)#.*", "", raw).rstrip()
        if not line:
            continue
        if inside and re.match(r"\s|-|\]|\}", line):
            yield number, line.strip()
        else:
            inside = bool(match := re.match(r"names\s*:\s*(.*)", line))
            if match and match[1]:
                yield number, match[1]


def _names(path: Path, found: list[tuple[int, str]]) -> tuple[str, ...]:
    first = found[0][1]
    if first[0] in "[{":
        flow = " ".join(line for _, line in found)
        if not flow.endswith("]" if first[0] == "[" else "}"):
            raise _unclear(path, *found[0])
        found = [(found[0][0], item) for item in _items(flow[1:-1])]
        keyed = first[0] == "{"
    else:
        keyed = not first.startswith("-")
        if not keyed:
            for number, line in found:
                if not line.startswith("-"):
                    raise _unclear(path, number, line)
            found = [(number, line[1:].strip()) for number, line in found]
    names: dict[int, str] = {}
    for number, line in found:
        match = re.fullmatch(r"(\d+)\s*:\s*(.+)", line) if keyed else None
        name = _plain(match[2] if match else line)
        if (keyed and match is None) or not name:
            raise _unclear(path, number, line)
        names[int(match[1]) if match else len(names)] = name
    if sorted(names) != list(range(len(names))):
        raise UserError(f"{path}:{found[0][0]}: names are not numbered 0 to {len(names) - 1}")
    return tuple(names[i] for i in range(len(names)))


def _items(text: str) -> list[str]:
    """The items of a flow list, at commas outside quotes; an empty one where it is unclear."""
    found: list[str] = []
    at = 0
    text = text.strip().removesuffix(",")
    while at < len(text):
        if (match := _ITEM.match(text, at)) is None:
            return [*found, ""]
        found.append(match[1].strip())
        at = match.end()
    return found


def _plain(text: str) -> str:
    """A scalar without its quotes."""
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        return text[1:-1].replace("''", "'") if text[0] == "'" else text[1:-1]
    return text


def _unclear(path: Path, number: int, line: str) -> UserError:
    return UserError(
        f"{path}:{number}: {line[:40]!r}: names must be [cat, dog], a list of - cat, or a map of "
        "0: cat"
    )


def _distinct(path: Path, names: tuple[str, ...]) -> tuple[str, ...]:
    for name, count in Counter(names).most_common(1):
        if count > 1:
            raise UserError(f"{path}: class {name!r} is there twice")
    return names

"""XML with the line of each element, and nothing that could expand: no DOCTYPE, no entities."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.parsers import expat

from dada.errors import UserError
from dada.files import opened

_MOST = 2**22  # bytes of a file; an object takes a few hundred
_DEPTH = 50


@dataclass
class Element:
    """An element: its name, its text, the elements in it, and where it begins."""

    tag: str
    path: Path
    line: int
    text: str = ""
    inner: list[Element] = field(default_factory=list)

    @property
    def where(self) -> str:
        """``FILE:LINE``."""
        return f"{self.path}:{self.line}"

    def all(self, tag: str) -> list[Element]:
        """The elements of this name directly in it."""
        return [element for element in self.inner if element.tag == tag]

    def get(self, tag: str) -> Element | None:
        """The first element of this name directly in it; None if there is none."""
        return next(iter(self.all(tag)), None)

    def one(self, tag: str) -> Element:
        """The first element of this name directly in it.

        Raises:
            UserError: there is none.
        """
        if (found := self.get(tag)) is None:
            raise UserError(f"{self.where}: <{self.tag}> has no <{tag}>")
        return found

    def number(self) -> float:
        """The text as a finite number.

        Raises:
            UserError: it is something else.
        """
        try:
            value = float(self.text)
        except ValueError:
            value = float("nan")
        if not abs(value) < 1e9:
            raise UserError(f"{self.where}: <{self.tag}> is {self.text[:40]!r}: must be a number")
        return value


def read_xml(path: Path) -> Element:
    """Read an XML file with the standard library's parser.

    Raises:
        UserError: it is broken, too large, nested too deeply, or has a document type, which is
            where entities are declared that expand without bound or read other files.
    """
    top = Element("", path, 0)
    stack = [top]
    parser = expat.ParserCreate()
    parser.buffer_text = True

    def start(tag: str, _: Any) -> None:
        if len(stack) > _DEPTH:
            raise UserError(f"{path}:{parser.CurrentLineNumber}: elements are nested too deeply")
        element = Element(tag, path, parser.CurrentLineNumber)
        stack[-1].inner.append(element)
        stack.append(element)

    def end(_: str) -> None:
        element = stack.pop()
        element.text = element.text.strip()

    def text(data: str) -> None:
        stack[-1].text += data

    def refuse(*_: Any) -> None:
        line = parser.CurrentLineNumber
        raise UserError(f"{path}:{line}: a document type or entity: remove it, nothing needs it")

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = refuse
    try:
        with opened(path, _MOST) as file:
            parser.Parse(file.read(), True)
    except expat.ExpatError as error:
        raise UserError(
            f"{path}:{error.lineno}: not XML: {expat.errors.messages[error.code]}"
        ) from None
    except (ValueError, LookupError) as error:  # an encoding that Python does not know
        raise UserError(f"{path}: not XML: {error}") from None
    return top.inner[0]

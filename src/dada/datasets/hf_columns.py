"""Which columns of a Hugging Face dataset are the pictures and the labels, by their features."""

from typing import Any, NamedTuple

from dada.datasets.columns import LABELS, plain
from dada.errors import UserError
from dada.extras import library


class Columns(NamedTuple):
    """The columns of images and labels that the user named, or None."""

    image: str | None = None
    label: str | None = None


NOT_NAMED = Columns()


def find_columns(
    source: str, features: dict[str, Any], named: Columns
) -> tuple[str, str, list[str]]:
    """Find the column of images and that of labels; and others that might have been meant.

    Labels are class labels or, failing that, integers or, failing that, text in a column with one
    of the usual names (`dada.datasets.columns.LABELS`).

    Raises:
        UserError: there is none, or there are several and none is called `image` or `label`.
    """
    hf = library("datasets", source)
    pictures = [name for name, kind in features.items() if isinstance(kind, hf.Image)]
    classes = [name for name, kind in features.items() if isinstance(kind, hf.ClassLabel)]
    types = {n: str(kind.dtype) for n, kind in features.items() if isinstance(kind, hf.Value)}
    integers = [name for name, type_ in types.items() if type_.startswith(("int", "uint"))]
    texts = [name for name, type_ in types.items() if type_ in ("string", "large_string")]
    usual = [name for name in texts if plain(name) in LABELS]
    chosen = named.label in integers + texts
    labels = [str(named.label)] if chosen else classes or usual or integers
    if not pictures or not labels:
        raise UserError(
            f"{source}: has columns {', '.join(features)}: one of images and one of class labels, "
            "integers or text called label are needed"
        )
    picture = _one(source, "image", pictures, named.image)
    label = _one(source, "label", labels, named.label)
    found = dict.fromkeys((*pictures, *classes, *usual, *integers))
    others = [name for name in found if name not in (picture, label)]
    return picture, label, others


def _one(source: str, what: str, columns: list[str], named: str | None) -> str:
    """The column that the user named, the only one, or the one with the usual name."""
    if named is not None and named not in columns:
        raise UserError(f"{source}: no {what} column {named!r}; there are {', '.join(columns)}")
    if named is None and len(columns) > 1 and what not in columns:
        raise UserError(
            f"{source}: several {what} columns ({', '.join(columns)}): choose one with "
            f"hf:NAME?{what}=COLUMN, or by select_columns in Python"
        )
    return named or (columns[0] if len(columns) == 1 else what)

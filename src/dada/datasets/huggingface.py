"""Open datasets of the Hugging Face Hub, or saved by its library."""

from inspect import signature
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from dada.datasets.files import FileDataset
from dada.datasets.hf_columns import Columns
from dada.datasets.hf_images import one_line
from dada.datasets.hf_splits import label_splits
from dada.errors import UserError
from dada.extras import library

PREFIX = "hf:"
"""The prefix of such sources."""


def hub_name(source: str) -> str:
    """Return the name of the dataset without its owner, or of the folder.

    Examples:
        >>> hub_name("hf:uoft-cs/cifar100?label=fine_label")
        'cifar100'
    """
    where = source.removeprefix(PREFIX).partition("?")[0].partition(":")[0]
    return Path(where).name or source


def open_hub(source: str, root: str | Path | None = None, download: bool = True) -> FileDataset:
    """Open a dataset with the library `datasets`; code that comes with a dataset is never run.

    Args:
        source: ``hf:OWNER/NAME`` or ``hf:NAME``, followed by ``:CONFIG`` if there are several, or
            ``hf:PATH`` for a folder written by ``save_to_disk``; a path starts with ``/``, ``.``
            or ``~``. End it with ``?image=COLUMN``, ``?label=COLUMN`` or
            ``?image=COLUMN&label=COLUMN`` to choose the columns.
        root: the library's cache; None uses its default.
        download: whether to access the Hub.

    Returns:
        Its parts and labels; no picture is decoded (`dada.datasets.read_splits` does).

    Raises:
        UserError: the library is not installed, nothing is there, or as in `label_splits`.
    """
    where, _, query = source.partition("?")
    splits = _open(where, root, download)
    return label_splits(source, hub_name(source), splits, _columns_named(source, query))


def _columns_named(source: str, query: str) -> Columns:
    pairs = dict(parse_qsl(query, keep_blank_values=True))
    if unknown := [name for name in pairs if name not in ("image", "label")]:
        raise UserError(f"{source}: {unknown[0]!r}: must be ?image=COLUMN or ?label=COLUMN")
    return Columns(pairs.get("image"), pairs.get("label"))


def _open(source: str, root: str | Path | None, download: bool) -> dict[str, Any]:
    """Open the splits by their names; a saved dataset without splits is the training split."""
    hf = library("datasets", source)
    where = source.removeprefix(PREFIX)
    local = where.startswith(("/", ".", "~"))
    if not local and not download:
        raise UserError(f"{source}: the Hub is not accessed: give hf:PATH of a saved dataset")
    try:
        if local:
            found = hf.load_from_disk(str(Path(where).expanduser()))
        else:
            name, _, config = where.partition(":")
            cache = str(Path(root).expanduser()) if root else None
            # Older versions ask whether to run a dataset's own code; newer ones never run it.
            asks = "trust_remote_code" in signature(hf.load_dataset).parameters
            safely = {"trust_remote_code": False} if asks else {}
            found = hf.load_dataset(name, config or None, cache_dir=cache, **safely)
    except Exception as error:  # the library and its network clients may raise anything
        raise UserError(
            f"{source}: cannot be read ({one_line(error)}): must be hf:OWNER/NAME, "
            "hf:NAME:CONFIG or, for a folder saved by save_to_disk, hf:PATH"
        ) from error
    return dict(found) if isinstance(found, dict) else {"train": found}

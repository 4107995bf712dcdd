"""Checks, and loading the data, before the work begins."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from dada.cli.terminal import terminal
from dada.errors import UserError
from dada.names import INSTANCES

if TYPE_CHECKING:
    from dada.datasets import Choose


def open_data(
    source: str,
    side: int | None,
    root: Path | None,
    files: bool = False,
    choose: Choose | None = None,
) -> Any:
    """Load the data, and print the notes about them.

    Args:
        files: images that do not fit in memory may stay in their files.
        choose: which training images of a folder to decode; None decodes all.
    """
    from dada import datasets
    from dada.cli.bar import Bar

    with Bar(doing=f"loading {source}"):
        if files:
            dataset = datasets.open_images(source, side, root)
        else:
            dataset = datasets.load(source, side=side, root=root, choose=choose)
    for note in dataset.notes:
        terminal.note(note)
    return dataset


def one_data(argument: str | None, option: str | None) -> str | None:
    """The data, given as an argument, by ``--data``, or not at all.

    Raises:
        UserError: they are given both ways, and differ.
    """
    if argument is not None and option is not None and argument != option:
        raise UserError(f"data {argument} and --data {option}: give one of them")
    return argument if argument is not None else option


def check_outside(out: Path, source: str) -> None:
    """A run among the images would be taken for a class the next time.

    Raises:
        UserError: the run folder is in the image folder.
    """
    images = Path(source.removeprefix(INSTANCES)).expanduser().resolve()
    if images.is_dir() and images in (out.resolve(), *out.resolve().parents):
        raise UserError(f"{out} is in the image folder {source}: choose a run folder outside (-o)")


def check_picture(path: Path) -> None:
    """Fail before the work rather than after it.

    Raises:
        UserError: pictures cannot be written with this ending.
    """
    if path.suffix.lower() not in (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp"):
        raise UserError(f"{path}: not a picture's name: end it in .png or .jpg")


def check_replaceable(path: Path, force: bool) -> None:
    """Refuse to replace a file, unless that was asked for.

    Raises:
        UserError: it exists, and `force` is not given.
    """
    if path.exists() and not force:
        raise UserError(f"{path} exists: choose another file, or replace it with --force")

"""Pictures of a Hugging Face split, decoded when they are asked for."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from io import BytesIO
from typing import Any, BinaryIO, Self

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torchvision.transforms.v2.functional import pil_to_tensor

from dada.datasets.files import ImageFiles
from dada.datasets.picture import formats, quiet
from dada.datasets.pixels import to_eight_bits
from dada.errors import UserError
from dada.extras import library


@dataclass(frozen=True, eq=False)
class SplitImages(ImageFiles):
    """Labelled pictures of a split, in place of files of their own.

    Attributes:
        files: what each is called in messages.
        split: the `datasets.Dataset`, of this column alone, which decodes.
        column: of the pictures.
        rows: which row of the split each picture is.
    """

    split: Any = None
    column: str = "image"
    rows: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))

    @classmethod
    def of(cls, name: str, split: Any, column: str, labels: Tensor) -> "SplitImages":
        """All pictures of a split, called ``name, item 0`` and so on."""
        names = tuple(f"{name}, item {row}" for row in range(len(labels)))
        pictures = split.with_format(None).select_columns([column])
        decoding = pictures.cast_column(column, library("datasets", name).Image())
        rows = np.arange(len(labels))
        return cls(names, labels, split=decoding, column=column, rows=rows)

    def subset(self, indices: Sequence[int] | np.ndarray | Tensor) -> Self:
        """See `ImageFiles.subset`."""
        chosen = torch.as_tensor(indices)
        chosen = chosen.nonzero()[:, 0] if chosen.dtype == torch.bool else chosen.long()
        whole = super().subset(chosen)
        return replace(whole, rows=self.rows[chosen.numpy()])

    def contents(self) -> list[object]:
        """A digest of each encoded picture; what is missing equals nothing."""
        found: list[object] = []
        for file in self._encoded(range(len(self))):
            with file:
                data = file.read()
                found.append(hashlib.blake2b(data).hexdigest() if data else object())
        return found

    def sizes(self, most: int) -> list[tuple[int, int]]:
        """Width and height of up to so many pictures, evenly spread; they are not decoded."""
        found = []
        with quiet():
            for file in self._encoded(range(0, len(self), -(-len(self) // most) or 1)):
                # What cannot be read is reported when it is decoded.
                with suppress(Exception), file, Image.open(file, formats=formats()) as picture:
                    found.append(picture.size)
        return found

    def _encoded(self, indices: Iterable[int]) -> Iterator[BinaryIO]:
        """The files of pictures, or their bytes; empty for a picture that is missing."""
        as_file = library("datasets", "a dataset").Image(decode=False)
        encoded = self.split.cast_column(self.column, as_file)
        for index in indices:
            yield _opened(encoded[int(self.rows[index])][self.column])

    def contents_beside(self, others: ImageFiles) -> tuple[list[object], list[object]]:
        """See `ImageFiles.contents_beside`."""
        return self.contents(), [*others.contents()]

    def marks(self) -> Iterator[str]:
        """For each picture, text that changes with its place or label."""
        for name, label in zip(self.files, self.labels.tolist(), strict=True):
            yield f"{name} {label}"

    def decoded(self, index: int) -> Image.Image:
        """One picture in its own mode and size.

        Raises:
            UserError: it cannot be decoded.
        """
        picture: Image.Image | None
        try:
            picture = self.split[int(self.rows[index])][self.column]
        except Exception as error:  # for a broken file Pillow may raise nearly anything
            raise UserError(f"{self.files[index]}: cannot be decoded: {one_line(error)}") from error
        if picture is None:
            raise UserError(f"{self.files[index]}: there is no picture")
        return picture

    def read(self, index: int) -> Image.Image:
        """See `ImageFiles.read`."""
        eight = to_eight_bits(self.decoded(index), self.bits)
        return eight.convert("L" if self.channels == 1 else "RGB")

    def pixels(self, index: int) -> Tensor:
        """See `ImageFiles.pixels`."""
        return pil_to_tensor(self.read(index))


def one_line(error: BaseException) -> str:
    """What an error of another library says."""
    return " ".join(str(error).split()) or type(error).__name__


def _opened(encoded: dict[str, Any] | None) -> BinaryIO:
    """The bytes of a picture, or the file that they are in."""
    if encoded is not None and encoded["bytes"] is None:
        with suppress(OSError, TypeError):
            return open(encoded["path"], "rb")
    return BytesIO((encoded or {}).get("bytes") or b"")

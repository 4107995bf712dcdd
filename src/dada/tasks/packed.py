"""Labels in pictures, each packed: as one tensor they might not fit in memory."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

Change = Callable[[Tensor], Tensor]
"""Maps (B, H, W) to maps of the same size."""

_LENGTH = np.dtype(np.int32)  # of a run


class PackedMaps:
    """Labels (N, H, W) in pictures, each packed, and unpacked where rows are taken.

    It has of a tensor what readers of files need: rows, in parts or chosen. A map of a few objects
    takes a few kilobytes, and milliseconds to unpack.

    Args:
        pictures: N, as from `pack`.
        size: height and width, in pixels.
        dtype: of the maps.
        changes: what is done to maps once they are unpacked, in order; fit for `pickle`.

    Examples:
        >>> import numpy as np
        >>> maps = np.array([[[0, 1], [1, 1]], [[2, 2], [0, 0]]], np.uint8)
        >>> packed = PackedMaps([pack(one) for one in maps], (2, 2), np.dtype(np.uint8))
        >>> packed
        PackedMaps(torch.uint8 (2, 2, 2))
        >>> packed[[1]].tolist(), len(packed.index_select(0, [1, 0, 1]))
        ([[[2, 2], [0, 0]]], 3)
    """

    ndim = 3
    device = torch.device("cpu")

    def __init__(
        self,
        pictures: Sequence[bytes],
        size: tuple[int, int],
        dtype: np.dtype,
        changes: tuple[Change, ...] = (),
    ) -> None:
        self._pictures, self._size, self._kind, self._changes = pictures, size, dtype, changes

    @property
    def dtype(self) -> torch.dtype:
        """As a tensor's."""
        return torch.from_numpy(np.empty(0, self._kind)).dtype

    @property
    def shape(self) -> tuple[int, int, int]:
        """As a tensor's."""
        return (len(self), *self._size)

    def __len__(self) -> int:
        return len(self._pictures)

    def __repr__(self) -> str:
        return f"PackedMaps({self.dtype} {self.shape})"

    def __getitem__(self, rows: slice | Sequence[int] | Tensor) -> Tensor:
        """Unpacked maps (B, H, W) on the CPU."""
        chosen = self._chosen(rows)
        maps = np.empty((len(chosen), *self._size), self._kind)
        for one, picture in zip(maps, chosen, strict=True):
            one.ravel()[:] = self._unpacked(picture)
        unpacked = torch.from_numpy(maps)
        for change in self._changes:
            unpacked = change(unpacked)
        return unpacked

    def index_select(self, dim: int, rows: slice | Sequence[int] | Tensor) -> PackedMaps:
        """As a tensor's along its first dimension; the rows stay packed."""
        assert dim == 0
        return PackedMaps(self._chosen(rows), self._size, self._kind, self._changes)

    def split(self, count: int) -> Iterator[Tensor]:
        """The maps, unpacked, so many at once."""
        return (self[start : start + count] for start in range(0, len(self), count))

    def changed(self, change: Change) -> PackedMaps:
        """The maps of which each is changed once it is unpacked."""
        return PackedMaps(self._pictures, self._size, self._kind, (*self._changes, change))

    def checksums(self) -> list[str]:
        """Of each map, before any change: Adler-32, as zlib has it at the end of its data."""
        return [picture[-4:].hex() for picture in self._pictures]

    def _unpacked(self, picture: bytes) -> np.ndarray:
        runs = zlib.decompress(picture)
        count = len(runs) // (_LENGTH.itemsize + self._kind.itemsize)
        values = np.frombuffer(runs, self._kind, count)
        return np.repeat(values, np.frombuffer(runs, _LENGTH, offset=values.nbytes))

    def _chosen(self, rows: slice | Sequence[int] | Tensor) -> Sequence[bytes]:
        if isinstance(rows, slice):
            return self._pictures[rows]
        return [self._pictures[int(row)] for row in rows]


def pack(labels: np.ndarray) -> bytes:
    """The map (H, W) of a picture as runs of equal values along its rows, by zlib.

    In runs first, a map of objects takes a quarter of what zlib alone makes of it, and a third of
    the time.
    """
    flat = labels.ravel()
    starts = np.flatnonzero(np.append(True, flat[1:] != flat[:-1]))
    lengths = np.diff(starts, append=flat.size).astype(_LENGTH)
    return zlib.compress(flat[starts].tobytes() + lengths.tobytes(), 1)


def changed(labels: Any, change: Change) -> Any:
    """Labels, a tensor or packed, after a change; what is packed stays so."""
    return labels.changed(change) if isinstance(labels, PackedMaps) else change(labels)


def renumbered(table: Tensor, labels: Tensor) -> Tensor:
    """Labels whose values are looked up in a table.

    Examples:
        >>> import torch
        >>> renumbered(torch.tensor([7, 9]), torch.tensor([[1, 0]])).tolist()
        [[9, 7]]
    """
    return table[labels.long()]

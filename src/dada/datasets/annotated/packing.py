"""Labels in pictures as they are read: many threads draw them, and each is packed at once."""

from collections.abc import Callable

import numpy as np

from dada.compute.memory import check_fits
from dada.datasets.decode import file_threads
from dada.tasks.packed import PackedMaps, pack

_OFTEN = 256  # pictures between two looks at the memory


def packed(
    what: str, read: Callable[[int], np.ndarray], shape: tuple[int, int, int], dtype: np.dtype
) -> PackedMaps:
    """The maps of all pictures.

    Args:
        what: begins the message if they do not fit.
        read: the map of picture 0, 1, …; called by several threads.
        shape: of all maps, (N, H, W).
        dtype: of the maps.

    Raises:
        UserError: at the size of those that are read, they do not fit in memory.
    """
    count, height, width = shape
    pictures: list[bytes] = []
    with file_threads() as pool:
        try:
            for one in pool.map(lambda index: pack(read(index)), range(count)):
                pictures.append(one)
                if len(pictures) % _OFTEN == 0:
                    left = count - len(pictures)
                    check_fits(what, sum(map(len, pictures)) * left // len(pictures), left)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return PackedMaps(pictures, (height, width), dtype)

"""What the target "albumentations" writes: albumentations 2.0.3 to 2.0.8 only."""

from __future__ import annotations

import os
import random
import re
from typing import Any

import albumentations as A
import numpy as np

# What albumentations.from_dict reads. A OneOf chooses by the shares p of its transforms.
TRANSFORM: dict[str, Any] = {
    "__class_fullname__": "Compose",
    "p": 1.0,
    "transforms": [{"__class_fullname__": "NoOp", "p": 1.0}],
}


def check_library() -> None:
    """Refuse versions that lack arguments, and AlbumentationsX, which overlooks some."""
    version = tuple(map(int, re.findall(r"\d+", A.__version__)[:3]))
    if not (2, 0, 3) <= version <= (2, 0, 8):
        raise ImportError(
            f"the module albumentations is {A.__version__} (AlbumentationsX from 2.0.9 on), which "
            "reads this policy otherwise: pip install 'albumentations>=2.0.3,<2.0.9'"
        )


class Cutout(A.CoarseDropout):
    """Hides what it covers, and leaves boxes and points as they are."""

    def apply_to_bboxes(self, bboxes: Any, *args: Any, **params: Any) -> Any:
        """The boxes."""
        return bboxes

    def apply_to_keypoints(self, keypoints: Any, *args: Any, **params: Any) -> Any:
        """The points."""
        return keypoints


def made(row: dict[str, Any]) -> Any:
    """The transform that a dictionary stands for."""
    arguments = dict(row)
    name = arguments.pop("__class_fullname__")
    if "transforms" in row:
        arguments["transforms"] = [made(inner) for inner in row["transforms"]]
    return (Cutout if name == "CoarseDropout" else getattr(A, name))(**arguments)


class Augment(A.Compose):
    """The policy as a Compose: ``augment(image=image)["image"]``, and masks and boxes with it.

    It may stand in another Compose. The global generator of `random` seeds it in each process, at
    the first call; PyTorch's DataLoader seeds that generator differently in every worker.

    Args:
        bbox_params: as of Compose: the form of boxes, and which ones are dropped.
        keypoint_params: as of Compose.

    Raises:
        ImportError: another version of albumentations, or AlbumentationsX.
    """

    def __init__(self, bbox_params: Any = None, keypoint_params: Any = None) -> None:
        check_library()
        super().__init__(
            made(TRANSFORM).transforms, bbox_params=bbox_params, keypoint_params=keypoint_params
        )

    def set_random_seed(self, seed: int | None) -> None:
        """Draw from this seed; None: from a new one in each process."""
        super().set_random_seed(seed)
        self.seeds_itself, self.process = seed is None, 0
        if seed is not None:
            self.set_random_state(np.random.default_rng(seed), random.Random(seed))

    def set_random_state(self, random_generator: Any, py_random: Any) -> None:
        """Draw from these generators, in every process."""
        # One stream for all transforms: equal seeds would tie signs to choices.
        super().set_random_state(random_generator, py_random)
        self.seeds_itself = False

    def __call__(self, *args: Any, force_apply: bool = False, **data: Any) -> dict[str, Any]:
        """Augment what is named.

        Raises:
            TypeError: an image other than uint8 (H, W), (H, W, 1) or (H, W, 3).
        """
        image: Any = data.get("image")
        if image is not None and not is_image(image):
            got = f"{getattr(image, 'dtype', type(image).__name__)} {getattr(image, 'shape', '')}"
            raise TypeError(f"expected a uint8 array (H, W), (H, W, 1) or (H, W, 3), got {got}")
        if image is not None and not image.size:
            return data
        if self.seeds_itself and self.process != os.getpid():
            self.set_random_seed(random.getrandbits(64))
            self.seeds_itself, self.process = True, os.getpid()
        grey = image is not None and image.shape[2:] != (3,)
        if grey:  # in colour, because a colour is what Cutout fills with
            data["image"] = np.dstack([image] * 3)
        result: dict[str, Any] = super().__call__(*args, force_apply=force_apply, **data)
        if grey:  # green is the level that Cutout has in grey
            result["image"] = result["image"][..., 1].reshape(image.shape).copy()
        return result


def is_image(image: Any) -> bool:
    """Whether it is an array that the transforms know."""
    if not isinstance(image, np.ndarray) or image.dtype != np.uint8:
        return False
    return image.ndim == 2 or (image.ndim == 3 and image.shape[2] in (1, 3))

"""What a policy does to images, as one picture: `dada.show`."""

from __future__ import annotations

from collections.abc import Sequence, Sized
from functools import partial
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from dada.datasets import AnyData, Chosen, FileDataset, ImageSet, as_dataset, from_torch
from dada.policy import AnyPolicy, as_policy
from dada.report.samples import load_labels, load_samples
from dada.report.sheet import contact_sheet
from dada.runs import RunFolder
from dada.runs.folder import CONFIG


def show(
    policy: AnyPolicy | str | Path,
    images: AnyData | ImageSet | Tensor | Image.Image | Sequence[Image.Image] | None = None,
    *,
    columns: int = 8,
    rows: int = 8,
    seed: int = 0,
    side: int | None = None,
    root: str | Path | None = None,
    epoch: int | None = None,
) -> Image.Image:
    """Images under the leading sub-policies, as a picture that a notebook shows.

    Args:
        policy: a policy, or the name, file or run folder of one.
        images: pictures, a uint8 tensor (N, C, H, W), or data as in `dada.search`, from whose
            training images some are drawn. None is the images that the run folder keeps of its
            search or, without one, digits.
        columns: images to show.
        rows: sub-policies to show, most frequent first.
        seed: for the choice of the images, and for strengths, signs and places.
        side: pictures are resized to side × side pixels; None keeps or chooses it.
        root: where datasets by name are kept; None is the default.
        epoch: of a schedule, the epoch to show, from 1 to the schedule's length.

    Returns:
        A contact sheet (`dada.contact_sheet`): an RGB picture.

    Raises:
        UserError: the policy or the images cannot be read, or there is nothing to show.

    Examples:
        >>> from PIL import Image
        >>> sheet = show("dada-cifar10", Image.new("RGB", (32, 32), "orange"), rows=3)
        >>> sheet.mode, sheet.height
        ('RGB', 332)
    """
    chosen = as_policy(policy).chosen(epoch)
    shown = _kept(policy) if images is None else None
    if shown is None:
        shown = _pictures("digits" if images is None else images, columns, seed, side, root)
    pictures, labels = shown[0][:columns], None if shown[1] is None else shown[1][:columns]
    return contact_sheet(pictures, chosen, rows=rows, seed=seed, labels=labels)


def some_of(images: Sized, columns: int, seed: int) -> Tensor:
    """Indices of at most so many images, drawn without replacement."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randperm(len(images), generator=generator)[:columns]


_Shown = tuple[Tensor, Tensor | None]
"""Images, uint8 (N, C, H, W), and their labels if these can be drawn."""


def _kept(policy: AnyPolicy | str | Path) -> _Shown | None:
    """What a run folder keeps; None if it keeps no images."""
    if isinstance(policy, AnyPolicy) or not (Path(policy) / CONFIG).is_file():
        return None
    run = RunFolder.open(policy)
    found = load_samples(run)
    return None if found is None else (found, load_labels(run))


def _pictures(
    images: AnyData | ImageSet | Tensor | Image.Image | Sequence[Image.Image],
    columns: int,
    seed: int,
    side: int | None,
    root: str | Path | None,
) -> _Shown:
    """At most so many images: the first of pictures, some of a dataset."""
    pick = partial(some_of, columns=columns, seed=seed)
    if isinstance(images, Image.Image):
        images = [images]
    if isinstance(images, Tensor):
        return ImageSet(images, torch.zeros(len(images), dtype=torch.int64)).images, None
    if isinstance(images, list | tuple) and all(isinstance(one, Image.Image) for one in images):
        return from_torch([(one, 0) for one in images[:columns]], side, "images").images, None
    if isinstance(images, ImageSet):
        return _of(images.subset(pick(images)))

    def choose(files: FileDataset) -> Chosen:
        return Chosen(pick(files.train).numpy(), test=False, validation=0)

    dataset = as_dataset(images, side, root, choose)
    found = dataset.train
    return _of(
        found if dataset.files else found.subset(pick(found))
    )  # of files, only these are read


def _of(images: ImageSet) -> _Shown:
    return images.images, images.labels if images.task.moves else None

"""The pipeline around the policy, defined once and used by search and training alike:
crop, flip, **policy**, to float, normalise, Cutout."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import pad


@dataclass(frozen=True)
class Pipeline:
    """Settings of the pipeline for images of one size.

    Attributes:
        mean, std: per channel, of images scaled to [0, 1].
        padding: pixels of black added on each side before the random crop; 0 for no crop.
        flip: mirror half of the images left to right.
        cutout: side in pixels of the square that is blanked after normalisation
            (DeVries & Taylor 2017); 0 for none. The square may stick out of the image.
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]
    padding: int = 4
    flip: bool = True
    cutout: int = 0

    def crop_and_flip(self, images: Tensor, generator: torch.Generator) -> Tensor:
        """What comes before the policy. uint8 (B, C, H, W) in and out."""
        count, _, height, width = images.shape
        if self.padding:
            corner = torch.randint(2 * self.padding + 1, (2, count, 1), generator=generator)
            top, left = corner.to(images.device)
            rows = (top + torch.arange(height, device=images.device))[:, None, :, None]
            columns = (left + torch.arange(width, device=images.device))[:, None, None, :]
            padded = pad(images, [self.padding] * 4)
            index = torch.arange(count, device=images.device)[:, None, None, None]
            channel = torch.arange(images.shape[1], device=images.device)[None, :, None, None]
            images = padded[index, channel, rows, columns]
        if self.flip:
            mirror = (torch.rand(count, generator=generator) < 0.5).to(images.device)
            images = torch.where(mirror[:, None, None, None], images.flip(-1), images)
        return images

    def normalise(self, images: Tensor) -> Tensor:
        """uint8 (B, C, H, W) to float32 of mean 0 and standard deviation 1 a channel."""
        mean = torch.tensor(self.mean, device=images.device)[:, None, None]
        std = torch.tensor(self.std, device=images.device)[:, None, None]
        return (images.float() / 255 - mean) / std

    def cutout_mask(self, images: Tensor, generator: torch.Generator) -> Tensor:
        """Float (B, 1, H, W): 0 inside each image's Cutout square and 1 elsewhere."""
        count, _, height, width = images.shape
        if not self.cutout:
            return torch.ones(1, 1, 1, 1, device=images.device)

        def inside(size: int) -> Tensor:
            centre = torch.randint(size, (count, 1), generator=generator).to(images.device)
            start = centre - self.cutout // 2
            line = torch.arange(size, device=images.device)
            return (line >= start) & (line < start + self.cutout)

        square = inside(height)[:, :, None] & inside(width)[:, None, :]
        return (~square)[:, None].float()

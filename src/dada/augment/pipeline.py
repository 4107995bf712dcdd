"""The pipeline around the policy, defined once and used by search and training alike.

Small images: padded crop, flip, **policy**, to float, normalise, Cutout. ImageNet: random resized
crop, flip, **policy**, colour jitter, to float, PCA lighting, normalise. The user's own transforms
come right before and right after the policy.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import pad
from torchvision.transforms.v2 import InterpolationMode
from torchvision.transforms.v2 import functional as F

from dada.augment.apply import apply, at_once
from dada.augment.draw import Draw
from dada.augment.motion import Motion, still
from dada.augment.own import OwnTransform, Transform, draw_own

# Random resized crop: its share of the image's area, and its width over its height.
_AREA, _RATIO = (0.08, 1.0), (3 / 4, 4 / 3)

# Brightness, contrast, saturation, as torchvision's ColorJitter names them.
_JITTER = ("Brightness", "Contrast", "Color")

# Principal components of the colours of ImageNet's pixels (AlexNet, Krizhevsky et al. 2012), with
# the values of fb.resnet.torch, which all ImageNet code uses. Each column is a component.
_DEVIATIONS = (0.2175, 0.0188, 0.0045)
_COMPONENTS = (
    (-0.5675, 0.7192, 0.4009),
    (-0.5808, -0.0045, -0.8140),
    (-0.5836, -0.6948, 0.4203),
)


@dataclass(frozen=True)
class Afterwards:
    """The steps between policy and normalisation, drawn for B images.

    Attributes:
        own: the user's transform; None for none.
        jitter: brightness, contrast and saturation, in random order; None for none.
        light: (B, 3) float32, added to red, green and blue; None adds nothing.
    """

    own: OwnTransform | None = None
    jitter: Draw | None = None
    light: Tensor | None = None

    def __call__(self, images: Tensor) -> Tensor:
        """Map uint8 (B, C, H, W) to float32 in [0, 1], or slightly outside with lighting."""
        scaled = self.to_bytes(images).float().div_(255)
        if self.light is not None:
            scaled += self.light.to(scaled.device)[:, :, None, None]
        return scaled

    def to_bytes(self, images: Tensor) -> Tensor:
        """The steps that return bytes, without lighting; uint8 (B, C, H, W) in and out."""
        if self.own is not None:
            images = self.own(images)
        return images if self.jitter is None else apply(images, self.jitter)


@dataclass(frozen=True)
class Pipeline:
    """Settings of the pipeline for images of one size.

    Attributes:
        mean, std: per channel, of images scaled to [0, 1].
        padding: black pixels added on each side before the random crop; 0 for no crop.
        flip: mirror half of the images left to right.
        cutout: side in pixels of the square that is blanked after normalisation
            (DeVries & Taylor 2017); 0 for none. The square may extend beyond the image.
        crop: "padded" shifts an image by up to `padding`. "resized" cuts out a random part and
            resizes it (bicubic), as is usual for ImageNet: 8 to 100 % of the area, with an aspect
            ratio of 3:4 to 4:3 relative to that of `size`.
        size: height and width, in pixels, of a resized crop and of all images from files.
        jitter: brightness, contrast and saturation are multiplied by at most 1 ± this, 0 to 1.
        lighting: standard deviation of the noise along ImageNet's principal colours, in units of
            their standard deviations.
        before, after: the user's own transforms of single images, around the policy.

    Raises:
        ValueError: lighting was requested for images that are not RGB.

    Examples:
        >>> import torch
        >>> pipeline = Pipeline(mean=(0.5,), std=(0.25,), padding=1, flip=False)
        >>> generator = torch.Generator().manual_seed(0)
        >>> images = torch.full((2, 1, 4, 4), 255, dtype=torch.uint8)
        >>> cropped = pipeline.before_policy(images, generator)  # then comes the policy
        >>> pipeline.finish(cropped, generator).unique()  # black padding and white: ±0.5 / 0.25
        tensor([-2.,  2.])
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]
    padding: int = 4
    flip: bool = True
    cutout: int = 0
    crop: Literal["padded", "resized"] = "padded"
    size: tuple[int, int] = (224, 224)
    jitter: float = 0.0
    lighting: float = 0.0
    before: Transform | None = None
    after: Transform | None = None

    def __post_init__(self) -> None:
        if self.lighting and len(self.mean) != 3:
            raise ValueError(f"lighting is for 3 channels, not {len(self.mean)}")

    def before_policy(
        self, images: Tensor, generator: torch.Generator, motion: Motion | None = None
    ) -> Tensor:
        """Crop, flip and apply the user's transform; uint8 (B, C, H, W) in and out.

        Args:
            motion: to which crop and flip are added; the user's transform cannot be.
        """
        images = self.crop_and_flip(images, generator, motion)
        if self.before is None:
            return images
        return draw_own("before", self.before, len(images), generator)(images)

    def crop_and_flip(
        self, images: Tensor, generator: torch.Generator, motion: Motion | None = None
    ) -> Tensor:
        """Crop and flip; uint8 (B, C, H, W) in and out, and what moved is added to the motion."""
        if self.crop == "resized":
            images = self._resized_crop(images, generator, motion)
        elif self.padding:
            images = self._padded_crop(images, generator, motion)
        if self.flip:
            mirror = torch.rand(len(images), generator=generator) < 0.5
            if motion is not None:
                steps = still(len(images))
                steps[mirror, 0], steps[mirror, 2] = -1.0, float(images.shape[3])
                motion.add(steps)
            if mirror.all():  # as of a single image in a worker: no copies of what is not used
                return images.flip(-1)
            if mirror.any():  # of all images and their mirror images, one of each
                chosen = torch.arange(len(images)) + len(images) * mirror
                both = torch.cat([images, images.flip(-1)])
                return both.index_select(0, chosen.to(images.device))
        return images

    def after_policy(self, count: int, generator: torch.Generator, views: int = 1) -> Afterwards:
        """Draw the user's transform, colour jitter and lighting for `count` images.

        Drawing is separate from applying, so that all views of an image can get the same draw,
        whatever the policy did to each.

        Args:
            views: how often the whole batch of images is repeated.

        Returns:
            The steps for views · count images; with none of them set, only conversion to float.
        """
        own = jitter = light = None
        if self.after is not None:
            own = draw_own("after", self.after, count, generator, views)
        if self.jitter:
            order = torch.rand(count, 3, generator=generator).argsort(1)
            noise = 2 * torch.rand(count, 3, generator=generator, dtype=torch.float64) - 1
            nothing = torch.zeros(views * count, 3, dtype=torch.float64)
            jitter = Draw(
                operations=_JITTER,
                operation=order.repeat(views, 1),
                applied=torch.ones(views * count, 3, dtype=torch.bool),
                value=(1 + self.jitter * noise).repeat(views, 1),
                place=torch.stack([nothing, nothing], dim=-1),
                slope=nothing,
            )
        if self.lighting:
            along = self.lighting * torch.randn(count, 3, generator=generator)
            components = torch.tensor(_COMPONENTS) * torch.tensor(_DEVIATIONS)
            light = (along @ components.T).repeat(views, 1)
        return Afterwards(own, jitter, light)

    def normalise(self, images: Tensor, mask: Tensor | None = None) -> Tensor:
        """Map uint8, or float in [0, 1], to float32 with mean 0 and deviation 1 per channel.

        (B, C, H, W) in and out; what was uint8 comes out as networks want it, with the channels
        last in memory.

        Args:
            mask: (B, 1, H, W), multiplied with the result; None for none.
        """
        mean = torch.tensor(self.mean, device=images.device)[:, None, None]
        std = torch.tensor(self.std, device=images.device)[:, None, None]
        if images.dtype != torch.uint8:
            seen = (images - mean).div_(std)
            return seen if mask is None else seen.mul_(mask)
        layout = torch.channels_last if images.shape[1] > 1 else torch.contiguous_format
        seen = torch.empty_like(images, dtype=torch.float32, memory_format=layout)
        # In parts, each of which stays in the cache until it is done.
        size = at_once(images)
        for start in range(0, len(images), size):
            here = slice(start, start + size)
            part = images[here].float().div_(255).sub_(mean).div_(std)
            seen[here] = part if mask is None else part.mul_(mask[here])
        return seen

    def finish(self, images: Tensor, generator: torch.Generator, views: int = 1) -> Tensor:
        """Apply all that follows the policy, Cutout included; uint8 (B, C, H, W) to float32.

        Args:
            views: how often the whole batch is repeated, each time after another policy; all views
                of an image get the same draw.
        """
        count = len(images) // views
        mask = self.cutout_mask(images[:count], generator)
        afterwards = self.after_policy(count, generator, views)
        done = afterwards.to_bytes(images) if afterwards.light is None else afterwards(images)
        return self.normalise(done, mask.repeat(views, 1, 1, 1) if self.cutout else None)

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

    def _padded_crop(
        self, images: Tensor, generator: torch.Generator, motion: Motion | None
    ) -> Tensor:
        count, channels, height, width = images.shape
        corner = torch.randint(2 * self.padding + 1, (2, count, 1), generator=generator)
        if motion is not None:
            steps = still(count)
            steps[:, 5], steps[:, 2] = (corner[..., 0] - self.padding).double()
            motion.add(steps)
        top, left = corner.to(images.device)
        if not images.numel():
            return images
        padded = pad(images, [self.padding] * 4)
        # A row of a crop is a run of `width` pixels: copying runs is ten times as fast as pixels.
        runs = padded.flatten().unfold(0, width, 1)
        plane = torch.arange(count * channels, device=images.device).view(count, channels, 1)
        row = top[:, None] + torch.arange(height, device=images.device)
        start = (plane * padded.shape[2] + row) * padded.shape[3] + left[:, None]
        return runs.index_select(0, start.flatten()).view(images.shape)

    def _resized_crop(
        self, images: Tensor, generator: torch.Generator, motion: Motion | None
    ) -> Tensor:
        bicubic, (height, width) = InterpolationMode.BICUBIC, images.shape[2:]
        stretch = self.size[1] / self.size[0]
        boxes = [_box(height, width, generator, stretch) for _ in images]
        if motion is not None:
            top, left, h, w = torch.tensor(boxes, dtype=torch.float64, device="cpu").T
            steps = still(len(images))
            steps[:, 0], steps[:, 2] = w / width, left * self.size[1] / width
            steps[:, 4], steps[:, 5] = h / height, top * self.size[0] / height
            motion.add(steps)
        return torch.stack(
            [
                F.resized_crop(image, *box, list(self.size), bicubic)
                for image, box in zip(images, boxes, strict=True)
            ]
        )


def _box(
    height: int, width: int, generator: torch.Generator, stretch: float = 1.0
) -> tuple[int, int, int, int]:
    """Top, left, height and width of a random resized crop.

    Draws the same numbers as torchvision's RandomResizedCrop, from an explicit generator.

    Args:
        stretch: width over height of the target size; resizing then distorts by at most 3:4 to 4:3.
    """
    lowest, highest = (stretch * ratio for ratio in _RATIO)

    def uniform(low: float, high: float) -> Tensor:
        return torch.empty(1).uniform_(low, high, generator=generator)

    log_ratio = torch.tensor((lowest, highest)).log().tolist()
    for _ in range(10):
        area = height * width * uniform(*_AREA).item()
        ratio = uniform(*log_ratio).exp().item()
        w, h = round(math.sqrt(area * ratio)), round(math.sqrt(area / ratio))
        if 0 < w <= width and 0 < h <= height:
            top = int(torch.randint(height - h + 1, (1,), generator=generator))
            left = int(torch.randint(width - w + 1, (1,), generator=generator))
            return top, left, h, w
    # A very narrow image: its largest central part with an allowed ratio.
    w = min(width, max(1, round(height * highest)))
    h = min(height, max(1, round(width / lowest)))
    return (height - h) // 2, (width - w) // 2, h, w

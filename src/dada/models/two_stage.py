"""torchvision's Faster R-CNN, as this package trains networks.

As `dada.models.one_stage`, but the second stage is given the objects in training: it adds them to
its proposals. So the outputs keep the features and the proposals, and the second stage runs when a
loss or boxes are asked for, with the weights that the network had when it made the outputs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Self

import torch
from torch import Tensor
from torch.func import functional_call
from torchvision.models.detection import FasterRCNN
from torchvision.models.detection.roi_heads import fastrcnn_loss
from torchvision.models.detection.rpn import concat_box_prediction_layers

from dada.compute.randomness import forked
from dada.models.detected import Detected
from dada.models.one_stage import anchors_of
from dada.models.rows import Boxes, padded, targets_of

_SEED = 0  # of the samples in evaluation mode


class FasterRCNNDetector(FasterRCNN):
    """Faster R-CNN (Ren et al. 2015).

    The loss of a batch in torchvision is the mean of these losses of single images, where they have
    as many samples: 256 anchors, and 512 proposals, if there are so many. Samples are drawn from
    torch's global generator in training mode, as torchvision does; in evaluation mode they are the
    same each time.
    """

    background = True
    """Class 0 is that of no object."""
    heads: str | tuple[str, ...] = "roi_heads.box_predictor"
    """Where layers are whose size depends on the classes."""

    def forward(self, images: Tensor) -> Proposed:
        """Normalised images (B, C, H, W) to what is found, in training and in evaluation mode."""
        features = self.backbone(images)
        size = (images.shape[2], images.shape[3])
        maps = list(features.values())
        logits, deltas = self.rpn.head(maps)
        anchors = anchors_of(self.rpn.anchor_generator, images, maps)
        levels = [o[0].numel() for o in logits]
        logits, deltas = (
            part.float().view(len(images), len(anchors), -1)
            for part in concat_box_prediction_layers(logits, deltas)
        )
        return self.proposed(
            network=self,
            second=dict(self.roi_heads.named_parameters()),
            features=features,
            logits=logits,
            deltas=deltas,
            anchors=anchors,
            proposals=self._proposals(logits, deltas, anchors, levels, size),
            size=size,
        )

    def proposed(self, **parts: Any) -> Proposed:
        """The outputs, of their attributes."""
        return Proposed(**parts)

    @torch.no_grad()
    def _proposals(
        self,
        logits: Tensor,
        deltas: Tensor,
        anchors: Tensor,
        levels: list[int],
        size: tuple[int, int],
    ) -> list[Tensor]:
        count = len(logits)
        proposals = self.rpn.box_coder.decode(deltas.flatten(0, 1), [anchors] * count)
        proposals = proposals.view(count, -1, 4)
        return self.rpn.filter_proposals(proposals, logits, [size] * count, levels)[0]


class Samples(NamedTuple):
    """What the second stage is judged by in an image.

    Attributes:
        proposals: (S, 4) in pixels.
        matched: (S,) the index of the object that each is for; of no meaning where there is none.
        numbers: (S,) the classes, 0 for no object.
        boxes: (S, 4) what is to be said of where they are.
    """

    proposals: Tensor
    matched: Tensor
    numbers: Tensor
    boxes: Tensor


@dataclass(frozen=True)
class Proposed(Detected):
    """What the first stage says of B images.

    Attributes:
        network: the network.
        second: the parameters of its second stage when it ran.
        features: the pyramid, each level (B, C, h, w).
        logits, deltas: of the anchors, (B, anchors, 1) and (B, anchors, 4).
        anchors: (anchors, 4) in pixels, the same for all images.
        proposals: of each image, (P, 4) in pixels.
        size: height and width of the images.
        temperature: that divides the logits of the classes.
    """

    network: FasterRCNNDetector
    second: Mapping[str, Tensor]
    features: Mapping[str, Tensor]
    logits: Tensor
    deltas: Tensor
    anchors: Tensor
    proposals: list[Tensor]
    size: tuple[int, int]
    temperature: float = 1.0

    def losses(self, labels: Tensor) -> Tensor:
        """See `Detected.losses`."""
        return self.judged(targets_of(labels, self.size, self.network.background))[0]

    def judged(self, targets: Sequence[Boxes]) -> tuple[Tensor, Sequence[Samples]]:
        """(B,) the losses of both stages, and the samples of the second.

        Args:
            targets: of each image, as torchvision's losses take them.
        """
        first, samples = zip(*map(self._sampled, range(len(self)), targets), strict=True)
        counts = [len(image.proposals) for image in samples]
        classes, boxes = self._answers([image.proposals for image in samples], self.learns)
        second = [
            torch.stack(fastrcnn_loss(logits, where, [image.numbers], [image.boxes])).sum()
            for logits, where, image in zip(
                classes.split(counts), boxes.split(counts), samples, strict=True
            )
        ]
        return torch.stack(first) + torch.stack(second), samples

    @property
    def learns(self) -> bool:
        """Whether the weights are the network's own, whose batch normalisation they update."""
        own = dict(self.network.roi_heads.named_parameters())
        return all(weight is own[name] for name, weight in self.second.items())

    @torch.no_grad()
    def boxes(self, most: int = 100) -> Tensor:
        """See `Detected.boxes`. Those with scores too low for torchvision are absent."""
        answers = self._answers(self.proposals, learn=False)
        sizes = [self.size] * len(self)
        found = self.network.roi_heads.postprocess_detections(*answers, self.proposals, sizes)
        named = [
            {"boxes": boxes, "scores": scores, "labels": labels}
            for boxes, scores, labels in zip(*found, strict=True)
        ]
        return padded(named, self.size, self.network.background, most)

    def tempered(self, temperature: float) -> Self:
        """See `Detected.tempered`; the classes are the second stage's."""
        return replace(self, temperature=self.temperature * temperature)

    def float(self) -> Self:
        """See `Detected.float`."""
        return replace(
            self,
            second={name: p.float() for name, p in self.second.items()},
            features={name: f.float() for name, f in self.features.items()},
        )

    def detach(self) -> Self:
        """See `Detected.detach`."""
        return replace(
            self,
            second={name: p.detach() for name, p in self.second.items()},
            features={name: f.detach() for name, f in self.features.items()},
            logits=self.logits.detach(),
            deltas=self.deltas.detach(),
        )

    def __len__(self) -> int:
        return len(self.logits)

    def _sampled(self, image: int, target: Boxes) -> tuple[Tensor, Samples]:
        """An image's loss in the first stage, and what the second is to be judged by."""
        rpn, anchors = self.network.rpn, [self.anchors]
        labels, matched = rpn.assign_targets_to_anchors(anchors, [target])
        wanted = rpn.box_coder.encode(matched, anchors)
        with self._draws():
            losses = rpn.compute_loss(self.logits[image], self.deltas[image], labels, wanted)
            found = self.network.roi_heads.select_training_samples(
                [self.proposals[image]], [target]
            )
        return torch.stack(losses).sum(), Samples(*(of_image for (of_image,) in found))

    @contextmanager
    def _draws(self) -> Iterator[None]:
        """In evaluation mode, draws that are the same each time and leave generators alone."""
        if self.network.training:
            yield
            return
        with forked(self.anchors.device):
            torch.manual_seed(_SEED)
            yield

    def _answers(self, proposals: list[Tensor], learn: bool) -> tuple[Tensor, Tensor]:
        """The second stage's logits (P, classes + 1) and boxes (P, 4 (classes + 1)) for all images;
        see `through`."""
        sizes = [self.size] * len(self)
        x = self.network.roi_heads.box_roi_pool(dict(self.features), proposals, sizes)
        logits, boxes = self.through(("box_head", "box_predictor"), x, learn)
        return logits / self.temperature, boxes

    def through(self, names: Sequence[str], x: Tensor, learn: bool) -> Any:
        """What modules of the second stage, one after the other, make of pooled features.

        Args:
            names: of the modules.
            x: what the first is given.
            learn: whether batch normalisation, if it has any, updates its statistics.
        """
        for name in names:
            module = getattr(self.network.roi_heads, name)
            state = {n: self.second[f"{name}.{n}"] for n, _ in module.named_parameters()}
            if not learn:
                state |= {n: buffer.clone() for n, buffer in module.named_buffers()}
            x = functional_call(module, state, (x,))
        return x

"""The network of a training's run folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from torch import nn

from dada.errors import UserError
from dada.models import create
from dada.models.model_name import model_name
from dada.names import WEIGHTS
from dada.runs import RunFolder
from dada.tasks import Task, task_recorded
from dada.training.settings import ResolvedTraining


@dataclass(frozen=True, kw_only=True)
class Trained:
    """A training's run folder: what was trained, and on what.

    Attributes:
        folder: the run folder.
        settings: the training's.
        data: the name of its data.
        classes: the names of the network's outputs.
        channels: of its images.
        side: their height and width, in pixels.
        source: where the data came from; empty if from Python.
        fingerprint: of the data.
        task: what was trained; None if an old run does not say.
    """

    folder: RunFolder
    settings: ResolvedTraining
    data: str
    classes: list[str]
    channels: int
    side: tuple[int, int]
    source: str
    fingerprint: str
    task: Task | None

    @classmethod
    def open(cls, run: str | Path) -> Trained:
        """What a run folder says.

        Raises:
            UserError: there is no training in the folder, or its record is damaged.
        """
        folder = RunFolder.open(run)
        config = folder.config
        if (kind := config.get("kind")) != "train":
            raise UserError(f"{folder.path}: a run of dada {kind}, not of dada train")
        try:
            about = config["data"]
            height, width = about["side"]
            return cls(
                folder=folder,
                settings=ResolvedTraining(**config["settings"]),
                data=about["name"],
                classes=about["classes"],
                channels=about["channels"],
                side=(height, width),
                source=about["source"],
                fingerprint=about["fingerprint"],
                task=task_recorded(about),
            )
        except (KeyError, TypeError, ValueError):
            raise UserError(f"{folder.path}: its config.json is damaged") from None

    def network(self, weights: str, model: nn.Module | None = None) -> nn.Module:
        """The network with the weights of the run.

        Args:
            weights: "last" or "best".
            model: the network, if a module was trained and not a network by name; it gets the
                weights.

        Raises:
            UserError: the weights are missing or those of another network, or the network is a
                module and not given.
        """
        if weights not in WEIGHTS:
            raise UserError(f"weights {weights!r}: must be last or best")
        model_name(model)
        network, file = model, WEIGHTS[weights]
        if network is None:
            try:
                network = create(self.settings.model, len(self.classes), self.channels)
            except UserError as error:
                raise UserError(
                    f"{error}; if the network of {self.folder.path} is a module of yours, give it "
                    "as model="
                ) from None
        try:
            network.load_state_dict(self.folder.load_tensors(file))
        except RuntimeError:
            raise UserError(f"{self.folder.path / file}: weights of another network") from None
        return network

"""Train with Lightning: the policy is one transform of the training images.

    python examples/train_lightning.py                      # digits, and a published policy
    python examples/train_lightning.py --data my_photos/ --policy runs/photos

`my_photos/` has one folder per class, as for `dada search`; `runs/photos` is what that wrote. The
lines that matter are marked with arrows.
"""

import argparse
import sys

import torch
from torch import nn
from torch.utils.data import DataLoader
from torch.utils.data import Dataset as TorchDataset
from torchvision.transforms import v2

import dada

try:
    import lightning
    from lightning.pytorch.callbacks import LambdaCallback
    from lightning.pytorch.utilities.types import OptimizerLRScheduler
except ImportError:
    sys.exit("lightning is missing: pip install 'lightning>=2.6.4'")


Batch = tuple[torch.Tensor, torch.Tensor]  # images and labels


class Images(TorchDataset):
    """Images under a transform, which workers apply one by one."""

    def __init__(self, images: dada.ImageSet, transform: v2.Transform) -> None:
        self.images, self.transform = images, transform

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, i: int) -> tuple[torch.Tensor, torch.Tensor]:
        return self.transform(self.images.images[i]), self.images.labels[i]


class Data(lightning.LightningDataModule):
    def __init__(self, dataset: dada.Dataset, policy: dada.PolicyTransform, workers: int) -> None:
        super().__init__()
        side = dataset.side
        to_float = [v2.ToDtype(torch.float32, scale=True), v2.Normalize(*dataset.statistics())]
        augment = v2.Compose(
            [
                v2.RandomCrop(side, padding=max(side) // 8),
                v2.RandomHorizontalFlip(0.5 if dataset.flip else 0.0),
                policy,  # --> after crop and flip, before the conversion to float
                *to_float,
            ]
        )
        self.train_set = Images(dataset.train, augment)
        self.test_set = Images(dataset.test, v2.Compose(to_float))
        self.batch, self.workers = min(64, len(dataset.train)), workers

    def train_dataloader(self) -> DataLoader:
        return DataLoader(
            self.train_set, self.batch, shuffle=True, drop_last=True, num_workers=self.workers
        )

    def test_dataloader(self) -> DataLoader:
        return DataLoader(self.test_set, self.batch, num_workers=self.workers)


class Classifier(lightning.LightningModule):
    def __init__(self, network: nn.Module, epochs: int) -> None:
        super().__init__()
        self.network, self.epochs = network, epochs

    def training_step(self, batch: Batch, _: int) -> torch.Tensor:
        images, labels = batch
        loss = nn.functional.cross_entropy(self.network(images), labels)
        self.log("loss", loss, prog_bar=True)
        return loss

    def test_step(self, batch: Batch, _: int) -> None:
        images, labels = batch
        wrong = (self.network(images).argmax(1) != labels).float().mean()
        self.log("test_error", wrong, batch_size=len(labels))

    def configure_optimizers(self) -> OptimizerLRScheduler:
        optimiser = torch.optim.SGD(self.parameters(), lr=0.05, momentum=0.9, nesterov=True)
        cosine = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, self.epochs)
        return {"optimizer": optimiser, "lr_scheduler": cosine}


def small_network(channels: int, classes: int) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(channels, 32, 3, padding=1),
        nn.BatchNorm2d(32),
        nn.ReLU(),
        nn.Conv2d(32, 64, 3, padding=1),
        nn.BatchNorm2d(64),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(2),
        nn.Flatten(),
        nn.Linear(256, classes),
    )


def main(arguments: list[str] | None = None) -> float:
    parser = argparse.ArgumentParser(description="Train with Lightning and a policy.")
    parser.add_argument("--data", metavar="FOLDER", default="digits", help="one folder per class")
    parser.add_argument("--policy", default="dada-svhn", help="a run folder, a file or a name")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--workers", type=int, default=0)
    options = parser.parse_args(arguments)

    lightning.seed_everything(0, workers=True)
    dataset = dada.load_dataset(options.data)
    network = small_network(dataset.channels, len(dataset.classes))
    policy = dada.load_policy(options.policy).transform(options.epochs)
    # --> A policy that changes over the epochs has to know which one begins.
    follow = LambdaCallback(on_train_epoch_start=lambda t, _: policy.set_epoch(t.current_epoch))
    trainer = lightning.Trainer(
        max_epochs=options.epochs, callbacks=follow, logger=False, enable_checkpointing=False
    )
    data = Data(dataset, policy, options.workers)
    model = Classifier(network, options.epochs)
    trainer.fit(model, data)
    return trainer.test(model, data)[0]["test_error"]


if __name__ == "__main__":
    main()

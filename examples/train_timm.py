"""Train one of timm's networks, with a policy in timm's own data pipeline.

    dada search my_photos/ -o runs/photos
    dada export runs/photos --to timm -o policy.py

    python examples/train_timm.py                           # digits, and a published policy
    python examples/train_timm.py --data my_photos/ --policy policy.py --model resnet18 --side 224

`my_photos/` has train/ and val/, with one folder per class in each. The line that matters is marked
with an arrow. With an exported file the training needs timm and not dada.
"""

import argparse
import sys
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType

import torch
from torch import nn
from torchvision.transforms.functional import to_pil_image

try:
    import timm
    from timm.data import create_dataset, create_loader
    from timm.utils import random_seed
except ImportError:
    sys.exit("timm is missing: pip install timm")


def main(arguments: list[str] | None = None) -> float:
    parser = argparse.ArgumentParser(description="Train a network of timm's with a policy.")
    parser.add_argument("--data", metavar="FOLDER", help="with train/ and val/")
    parser.add_argument("--policy", metavar="FILE", help="that dada export --to timm wrote")
    parser.add_argument("--model", default="test_resnet", help="any of timm.list_models()")
    parser.add_argument("--side", type=int, default=32, help="of the images, in pixels")
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--workers", type=int, default=0)
    options = parser.parse_args(arguments)
    for part in ("train", "val") if options.data else ():
        if not (Path(options.data) / part).is_dir():
            parser.error(f"{options.data}: must have train/ and val/, one folder per class in each")
    random_seed(0)  # of random, NumPy and PyTorch; the exported policy uses random
    with TemporaryDirectory() as scratch:
        data = options.data or digits(Path(scratch) / "digits")
        policy = options.policy or published(Path(scratch) / "policy.py")
        return train(data, load(Path(policy)), options)


def train(data: str, policy: ModuleType, options: argparse.Namespace) -> float:
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    train_set = create_dataset("", root=data, split="train")
    test_set = create_dataset("", root=data, split="validation")
    common = {
        "input_size": (3, options.side, options.side),
        "batch_size": min(64, len(train_set)),
        "num_workers": options.workers,
        "persistent_workers": options.workers > 0,
        "use_prefetcher": False,
    }
    # Digits must not be mirrored; photographs may be (hflip=0.5).
    hflip = 0.5 if options.data else 0.0
    train_loader = create_loader(
        train_set, is_training=True, hflip=hflip, scale=(0.6, 1.0), color_jitter=None, **common
    )
    test_loader = create_loader(test_set, crop_pct=1.0, **common)

    # --> After crop (and flip, where there is one), before the conversion to tensors.
    policy.add_to(train_loader)

    classes = len(train_set.reader.class_to_idx)
    model = timm.create_model(options.model, num_classes=classes).to(device)
    optimiser = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.05)
    for epoch in range(options.epochs):
        model.train()
        for images, labels in train_loader:
            loss = nn.functional.cross_entropy(model(images.to(device)), labels.to(device))
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        print(f"epoch {epoch + 1:2d}  loss {loss.item():.3f}")

    model.eval()
    wrong = 0
    with torch.no_grad():
        for images, labels in test_loader:
            wrong += (model(images.to(device)).argmax(1).cpu() != labels).sum().item()
    error = wrong / len(test_set)
    print(f"test error {error:.1%}")
    return error


def load(path: Path) -> ModuleType:
    """An exported file as a module. Beside your script: `from policy import add_to`."""
    sys.path.insert(0, str(path.resolve().parent))
    return import_module(path.stem)


def published(path: Path) -> Path:
    """What `dada export dada-svhn --to timm -o policy.py` writes."""
    import dada  # here, because an exported file does not need it

    dada.export.write("dada-svhn", "timm", path)
    return path


def digits(folder: Path) -> str:
    """The embedded digits as files, so that the example needs no download."""
    import dada

    found = dada.load_dataset("digits")
    for part, images in (("train", found.train), ("val", found.test)):
        for i, (image, label) in enumerate(zip(images.images, images.labels, strict=True)):
            file = folder / part / found.classes[label] / f"{i}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            to_pil_image(image).save(file)
    return str(folder)


if __name__ == "__main__":
    main()

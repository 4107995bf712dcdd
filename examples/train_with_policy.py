"""Train a plain PyTorch loop with a found policy, from pictures to test error.

    python examples/train_with_policy.py            # searches on the digits first
    python examples/train_with_policy.py POLICY     # a file, a run folder or a published name

The policy stands between what is done to images as uint8 and their conversion to float.
"""

import sys

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset
from torchvision.transforms import v2

import dada


def main(policy_source: str | None = None, epochs: int = 20) -> float:
    torch.manual_seed(0)
    digits = dada.load_dataset("digits")
    policy = (
        dada.load_policy(policy_source) if policy_source else dada.search(digits, preset="demo")
    )
    print(policy.describe(limit=5))

    transform = policy.transform(epochs)
    augment = v2.Compose(
        [
            v2.RandomCrop(8, padding=1),
            transform,  # one draw for every image of the batch
            v2.ToDtype(torch.float32, scale=True),
            v2.Normalize([0.3], [0.37]),
        ]
    )
    plain = v2.Compose([v2.ToDtype(torch.float32, scale=True), v2.Normalize([0.3], [0.37])])

    model = nn.Sequential(
        nn.Conv2d(1, 32, 3, padding=1),
        nn.BatchNorm2d(32),
        nn.ReLU(),
        nn.Conv2d(32, 64, 3, padding=1),
        nn.BatchNorm2d(64),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(2),
        nn.Flatten(),
        nn.Linear(256, 10),
    )
    optimiser = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, nesterov=True)
    train = TensorDataset(digits.train.images, digits.train.labels)
    for epoch in range(epochs):
        model.train()
        transform.set_epoch(epoch)  # some policies change over the epochs
        for images, labels in DataLoader(train, batch_size=64, shuffle=True):
            loss = nn.functional.cross_entropy(model(augment(images)), labels)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        print(f"epoch {epoch + 1:2d}  loss {loss.item():.3f}")

    model.eval()
    with torch.no_grad():
        answers = model(plain(digits.test.images)).argmax(1)
    error = (answers != digits.test.labels).float().mean().item()
    print(f"test error {error:.1%}")
    return error


if __name__ == "__main__":
    main(sys.argv[1] if sys.argv[1:] else None)

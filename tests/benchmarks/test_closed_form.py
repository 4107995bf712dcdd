"""The regression under a mixture, against scikit-learn's with weighted samples."""

import pytest
import torch
from sklearn.linear_model import Ridge

from benchmarks.closed_form import Features, validation_loss


def test_the_validation_loss_is_that_of_weighted_ridge_regression():
    generator = torch.Generator().manual_seed(0)
    groups, images, size, classes = 3, 40, 7, 4

    def noise(*shape):
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    features, labels = noise(groups, images, size), noise(images, classes)
    seen, wanted = noise(25, size), noise(25, classes)
    target = labels - labels.mean(0)
    learnt = [(x.T @ x / images, x.T @ target / images, x.mean(0)) for x in features]
    fold = *map(torch.stack, zip(*learnt, strict=True)), seen, wanted, labels.mean(0)
    share, ridge = torch.tensor([0.2, 0.5, 0.3], dtype=torch.float64), torch.tensor(0.3).double()
    found = validation_loss(fold, share, ridge).item()

    model = Ridge(alpha=0.3 * images)  # the mean over images; theirs is a sum
    weights = share.repeat_interleave(images)
    model.fit(features.flatten(0, 1), labels.repeat(groups, 1), sample_weight=weights)
    errors = torch.from_numpy(model.predict(seen)) - wanted
    assert found == pytest.approx(errors.square().sum(1).mean().item(), rel=1e-6)


def test_features_see_four_quarters():
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(20, 3, 32, 32, generator=generator)
    features = Features(images, 5, generator)
    found = features(images)
    assert found.shape == (20, 2 * 5 * 4)
    other = images.clone()
    other[:, :, :10, :10] = 0  # patches of the other quarters do not reach it
    changed = (features(other) != found).any(0).view(10, 2, 2)
    assert changed[:, 0, 0].any() and not changed[:, 1, 1].any()

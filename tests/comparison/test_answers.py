import numpy as np
import pytest
import torch

from dada.comparison.answers import pack, unpack


@pytest.mark.parametrize("images", [1, 7, 8, 9, 1000])
def test_answers_come_back_from_their_text(images):
    wrong = torch.rand(images, generator=torch.Generator().manual_seed(0)) < 0.3
    text = pack(wrong)
    assert len(text) <= images / 6 + 4, "a bit per image"
    assert np.array_equal(unpack(text, images), wrong.numpy())


@pytest.mark.parametrize("labels", [1, 2, 20, 300])
def test_of_several_labels_the_share_that_is_wrong(labels):
    wrong = torch.rand(50, labels, generator=torch.Generator().manual_seed(0)) < 0.3
    assert np.allclose(unpack(pack(wrong), 50, labels), wrong.double().mean(1))


@pytest.mark.parametrize("text", ["", "AAAA", "not base64", pack(torch.ones(10, 3).bool())])
def test_answers_of_other_images_are_refused(text):
    with pytest.raises(ValueError):
        unpack(text, 100)
    with pytest.raises(ValueError):
        unpack(text, 9, 2)

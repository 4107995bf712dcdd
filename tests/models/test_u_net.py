import torch
from torch.nn.functional import avg_pool2d

from dada.models.u_net import UNet, enlarged, shrunk


def test_images_are_shrunk_by_the_least_whole_factor():
    images = torch.rand(2, 3, 96, 72)
    small, factor = shrunk(images, 48)
    assert factor == 2
    assert torch.equal(small, avg_pool2d(images, 2))
    same, factor = shrunk(images, 96)
    assert factor == 1
    assert same is images


def test_cut_off_squares_are_means_of_what_is_there():
    images = torch.rand(1, 1, 7, 5)
    small, _ = shrunk(images, 3)
    assert small.shape == (1, 1, 3, 2)
    torch.testing.assert_close(small[0, 0, 2, 1], images[0, 0, 6, 3:].mean())


def test_what_was_shrunk_is_enlarged_to_where_it_was():
    """A ramp's means lie on the ramp, and so do those between them."""
    ramp = torch.arange(22.0).expand(1, 1, 11, 22)
    small, factor = shrunk(ramp, 8)
    large = enlarged(small, factor, ramp, "bilinear")
    assert factor == 3
    torch.testing.assert_close(large[..., 1:19], ramp[..., 1:19])


def test_every_pixel_is_answered_by_what_is_around_it():
    """A change in one corner of a large picture changes nothing in the other."""
    torch.manual_seed(0)
    network = UNet(4, 3).eval()
    picture = torch.rand(1, 3, 160, 160)
    other = picture.clone()
    other[..., :8, :8] += 1
    differs = (network(picture) != network(other)).any(1)[0]
    assert differs[:8, :8].all()
    assert not differs[100:, 100:].any()

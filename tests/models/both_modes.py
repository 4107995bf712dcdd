"""A network's losses, differentiated in forward and in reverse mode."""

import torch


def check_both_modes(child, images, labels):
    """Both modes give the same derivative in a random direction, which is not zero."""
    weights = {name: w.detach() for name, w in child.parameters.items()}
    direction = {name: torch.randn_like(w) for name, w in weights.items()}

    def along(step, reverse):
        at = {name: w + step * direction[name] for name, w in weights.items()}
        return child.losses(at, images, labels, reverse)

    step = torch.tensor(0.0, requires_grad=True)
    by_reverse = torch.autograd.grad(along(step, True).sum(), step)[0]
    _, by_forward = torch.func.jvp(
        lambda s: along(s, False).sum(), (torch.tensor(0.0),), (torch.tensor(1.0),)
    )
    torch.testing.assert_close(by_forward, by_reverse, rtol=1e-3, atol=1e-3)
    assert by_reverse.abs() > 0.01

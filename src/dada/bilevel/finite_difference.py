"""The paper's rewards: a central difference along the validation gradient (DADA, eq. 11)."""

from __future__ import annotations

import torch
from torch import Tensor

from dada.bilevel.rewards import Hypergradient, Losses, Rewards, Tensors
from dada.bilevel.unroll import look_ahead


def finite_difference_rewards(
    losses: Losses,
    weights: Tensors,
    direction: Tensors,
    images: Tensor,
    image_gradient: bool = False,
    radius: float = 0.01,
) -> Rewards:
    """ρᵢ ≈ [ℓᵢ(w + εv) − ℓᵢ(w − εv)] / 2ε with ε = radius / ‖v‖.

    The error falls with ε² until rounding dominates; in bfloat16 it always does.
    Arguments as in `exact_rewards`; `radius` is 0.01 in the published code.

    Examples:
        For quadratic losses, here ½ ‖w − aᵢ‖², the central difference is exact: ⟨v, w − aᵢ⟩.

        >>> import torch
        >>> w, v = {"w": torch.tensor([1.0])}, {"w": torch.tensor([2.0])}
        >>> def losses(weights, images):
        ...     return (weights["w"] - images).square().sum(1) / 2
        >>> finite_difference_rewards(losses, w, v, torch.tensor([[0.0], [3.0]])).value.round()
        tensor([ 2., -4.])
    """
    norm = torch.stack([v.double().square().sum() for v in direction.values()]).sum().sqrt()
    epsilon = (radius / norm.clamp_min(1e-30)).to(images.dtype)

    def side(sign: float) -> tuple[Tensor, Tensor | None]:
        moved = {name: w.detach() + sign * epsilon * direction[name] for name, w in weights.items()}
        if not image_gradient:
            with torch.no_grad():
                return losses(moved, images), None
        free = images.detach().requires_grad_()
        value = losses(moved, free)
        return value.detach(), torch.autograd.grad(value.sum(), free)[0]

    (plus, plus_gradient), (minus, minus_gradient) = side(+1.0), side(-1.0)
    gradient = None
    if plus_gradient is not None and minus_gradient is not None:
        gradient = (plus_gradient - minus_gradient) / (2 * epsilon)
    return Rewards((plus - minus) / (2 * epsilon), gradient)


finite_difference = Hypergradient(look_ahead, finite_difference_rewards)

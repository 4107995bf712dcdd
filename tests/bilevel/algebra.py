"""Gradients and products of dictionaries of tensors, and hypergradients put together."""

import torch


def gradient(value, weights):
    """∇ of a scalar in weights that require gradients, by name and with a graph of its own."""
    found = torch.autograd.grad(value, list(weights.values()), create_graph=True)
    return dict(zip(weights, found, strict=True))


def dot(one, other):
    return sum((one[name] * other[name]).sum() for name in one)


def hypergradient(kind, problem, xi):
    """Rewards of the training images, as a search step computes them."""
    weights = problem.weights
    step = gradient(problem.losses(weights, problem.images).mean(), weights)
    ahead = kind.ahead(weights, step, problem.buffers, xi, 0.9, 0.05)
    ahead = {name: w.detach().requires_grad_() for name, w in ahead.items()}
    direction = {n: v.detach() for n, v in gradient(problem.validation(ahead), ahead).items()}
    return kind.rewards(problem.losses, weights, direction, problem.images).value

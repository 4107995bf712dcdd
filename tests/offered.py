"""Weights as a library would fetch them."""

import torchvision

from dada.models import pretrained


def offered(monkeypatch, name):
    """Fresh weights, which torchvision offers for the network until the test ends.

    They are not kept: another test in the same process may offer others.
    """
    state = getattr(torchvision.models, name)().state_dict()
    weights = torchvision.models.get_model_weights(name).DEFAULT
    monkeypatch.setattr(type(weights), "get_state_dict", lambda *_, **__: state)
    monkeypatch.setattr(pretrained, "_library_state", pretrained._library_state.__wrapped__)
    return state

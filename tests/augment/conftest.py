import pytest

from dada.ops import register, registry
from dada.ops.affine import by_affine


@pytest.fixture
def zoom(monkeypatch):
    """An operation of one's own, by an affine map, registered for one test; its name."""
    monkeypatch.setattr(registry, "_operations", dict(registry._operations))

    @register("Zoom", low=1, high=0.5)
    @by_affine
    def kernel(values, width, height):
        return values, 0, (1 - values) * width / 2, 0, values, (1 - values) * height / 2

    return "Zoom"

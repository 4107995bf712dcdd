"""Which precision a device is used in."""

import pytest
import torch

from dada.compute.device import best_precision


@pytest.mark.parametrize(
    ("capability", "expected"),
    [((7, 5), torch.float32), ((8, 0), torch.bfloat16), ((9, 0), torch.bfloat16)],
)
def test_gpus_multiply_bfloat16_since_ampere(monkeypatch, capability, expected):
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability)
    assert best_precision(torch.device("cuda")) == expected


@pytest.mark.parametrize(
    ("avx", "tiles", "expected"),
    [(False, False, torch.float32), (True, False, torch.bfloat16), (False, True, torch.bfloat16)],
)
def test_cpus_multiply_bfloat16_with_avx_512_or_tiles(monkeypatch, avx, tiles, expected):
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: avx)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: tiles)
    assert best_precision(torch.device("cpu")) == expected


def test_who_asks_for_a_precision_gets_it():
    for device in map(torch.device, ("cpu", "cuda")):
        assert best_precision(device, "float32") == torch.float32
        assert best_precision(device, "bfloat16") == torch.bfloat16

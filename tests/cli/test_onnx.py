from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.cli.commands import check_refused

TRAIN = "train digits --recipe demo --epochs 1 --images 80 --batch 20 -o out"


def test_a_model_file_is_never_replaced_unasked(dada):
    assert dada(TRAIN).code == 0
    Path("model.onnx").write_text("mine")
    check_refused(dada("onnx out -o model.onnx"), "model.onnx exists", "--force")
    check_refused(dada("onnx out -o out"), "Is a directory")
    check_refused(dada("onnx nowhere"), "no run in nowhere")
    assert Path("model.onnx").read_text() == "mine"


@pytest.mark.skipif(find_spec("onnxscript") is None, reason="needs onnxscript")
def test_the_terminal_says_what_goes_in_and_out(dada):
    assert dada(TRAIN).code == 0
    result = dada("onnx out")
    assert result.code == 0 and not result.err
    assert result.out == (
        "input   images, uint8 (batch, 1, 8, 8), 0 to 255\n"
        "output  logits, float32 (batch, 10)\n"
        "model   out/model.onnx\n"
    )
    assert Path("out/model.onnx").stat().st_size > 1000

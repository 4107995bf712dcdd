"""In a notebook: what a kernel shows is told by a stand-in of IPython; a real one runs in
tests/test_examples.py, if it is installed."""

from __future__ import annotations

import sys
import time
from types import ModuleType, SimpleNamespace

import pytest

from dada.cli import bar as bars
from dada.cli.notebook import below_kernel, in_kernel
from tests.cli.commands import SEARCH
from tests.report.html import Page


@pytest.fixture
def kernel(monkeypatch):
    """A stand-in; what it has shown."""
    shown = []

    def display(data, *, raw, display_id):
        assert raw and display_id
        shown.append(data)
        return SimpleNamespace(update=lambda data, raw: shown.append(data))

    ipython, inner = ModuleType("IPython"), ModuleType("IPython.display")
    ipython.get_ipython, inner.display = lambda: SimpleNamespace(kernel=object()), display
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", inner)
    monkeypatch.setenv("FORCE_COLOR", "1")  # as ipykernel does
    return shown


def test_a_kernel_is_recognised_and_a_python_in_a_terminal_is_none(kernel, monkeypatch):
    assert in_kernel()
    monkeypatch.setattr(sys.modules["IPython"], "get_ipython", object)  # no kernel
    assert not in_kernel()
    monkeypatch.delitem(sys.modules, "IPython")
    assert not in_kernel()


def test_a_line_is_replaced_and_lines_of_results_have_no_terminal_codes(
    kernel, monkeypatch, capsys
):
    monkeypatch.setattr(bars, "REDRAWN", 0.01)
    with bars.Bar() as bar:
        assert kernel[0]["text/plain"] == "preparing"
        assert "progress" not in kernel[0]["text/html"]
        bar.begin("<search>", [(8, 8.0)])
        bar.advance(2)
        bar.say("round 1")
        time.sleep(0.1)
        assert '<progress value="0.2500">' in kernel[-1]["text/html"]
        bar.advance(6)
    assert capsys.readouterr().out == "round 1\n"
    assert kernel[-1]["text/plain"].startswith("<search>: 8 of 8 steps, ")
    page = Page(kernel[-1]["text/html"])
    assert page.tags == ["pre", "progress"] and 'value="1.0000"' in page.source


def test_a_command_in_a_cell_prints_lines_without_terminal_codes(dada, monkeypatch):
    for name, value in (("TERM", "xterm-color"), ("GIT_PAGER", "cat"), ("FORCE_COLOR", "1")):
        monkeypatch.setenv(name, value)
    assert below_kernel()
    told = dada(SEARCH).out
    assert "round " in told and "\x1b" not in told
    monkeypatch.setenv("GIT_PAGER", "less")
    assert not below_kernel()

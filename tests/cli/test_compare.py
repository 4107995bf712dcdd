from dada.cli.compare import print_table
from tests.report.conftest import make_comparison


def test_names_of_rows_never_command_the_terminal(capsys):
    comparison = make_comparison()
    comparison["rows"][1]["name"] = "policy \x1b[2J\x07"
    print_table(comparison)
    said = capsys.readouterr().out
    assert "\x1b" not in said and "\x07" not in said
    assert "\\x1b[2J" in said


def test_the_table_says_what_its_intervals_hold(capsys):
    print_table(make_comparison() | {"intervals": "seeds and test images"})
    assert "3 seeds and 360 test images" in " ".join(capsys.readouterr().out.split())

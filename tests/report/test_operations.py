from dada.policy import Operation, Policy, SubPolicy
from dada.report.operations import Gain, Gains, operation_rows

from .conftest import OPERATIONS, make_policy


def test_the_most_frequent_operation_comes_first_with_its_strength():
    rows = operation_rows(make_policy(), None)
    shares = make_policy().reach()
    assert [row["name"] for row in rows] == sorted(shares, key=lambda name: -shares[name])
    assert all(row["gain"] == "" for row in rows)
    assert "degrees" in next(row["strength"] for row in rows if row["name"] == "Rotate")


def test_fixed_strengths_are_a_range_and_not_a_mean():
    """On the paper's scale 0.5 changes nothing, so that a mean may name a strength nobody has."""
    twice = [
        SubPolicy((Operation("Rotate", 0.5, m), Operation("Brightness", 0.5, m)), 1.0)
        for m in (0.4, 0.6, 0.75)
    ]
    rows = {row["name"]: row["strength"] for row in operation_rows(Policy(tuple(twice)), None)}
    assert rows == {"Rotate": "±6 to 15 degrees", "Brightness": "factor 0.82 to 1.45"}
    one = Policy((twice[0], SubPolicy((Operation("Equalize", 1.0, 0.5),), 1.0)))
    rows = {row["name"]: row["strength"] for row in operation_rows(one, None)}
    assert rows == {"Rotate": "±6 degrees", "Brightness": "factor 0.82", "Equalize": ""}


def test_gains_are_in_per_cent_and_coloured_beyond_their_interval():
    values = dict(zip(OPERATIONS, (0.08, 0.01, -0.09, -0.01), strict=True))
    by_name = {name: Gain(value, 0.022) for name, value in values.items()}
    gains = Gains(heading="Gain", caption="", by_name=by_name | {"Cutout": Gain(0.5, None)})
    rows = {row["name"]: row for row in operation_rows(make_policy(), gains)}
    assert rows["ShearX"]["gain"].replace("\N{NO-BREAK SPACE}", " ") == "+8.0 % ± 2.2"
    assert rows["Invert"]["gain"].startswith("−9.0")
    effects = [rows[name]["effect"] for name in OPERATIONS]
    assert effects == ["helped", "none", "hurt", "none"]
    assert rows["Cutout"]["share"].startswith("0.0"), "measured, but not in the policy"
    assert rows["Cutout"]["effect"] == "none", "an interval is not known"

from dada.policy import Operation, OperationList, Policy, PolicySchedule, Stage, SubPolicy

EVERY = ("Rotate", "Invert", "Color", "Contrast", "Equalize", "Cutout")


def schedule():
    many = OperationList(tuple(Operation(name, 0.5, 0.5) for name in EVERY), (0.0, 1.0))
    one = Policy((SubPolicy((Operation("Invert", 0.25, 0.5),)),))
    return PolicySchedule((Stage(1, many), Stage(10, one), Stage(4, Policy.none())), "mine")


def test_one_line_per_stage():
    lines = str(schedule()).splitlines()
    assert lines[0].startswith("epochs 1         Rotate 16%, Invert 16%,")
    assert lines[0].endswith(" and 2 more")
    assert lines[1:] == ["epochs 2 to 11   Invert 25%", "epochs 12 to 15  no augmentation"]
    assert schedule().describe(limit=1).splitlines()[1:] == ["...  and 2 more stages"]


def test_a_row_per_stage_in_a_notebook():
    html = schedule()._repr_html_()
    assert html.count("<tr>") == 4 and "<b>mine</b>: 15 epochs in 3 stages" in html
    head = html[: html.index("</thead>")]
    assert [head.index(f">{name}<") for name in ("Invert", "Rotate")] == sorted(
        head.index(f">{name}<") for name in ("Invert", "Rotate")
    ), "what reaches most comes first"


def test_a_long_schedule_is_one_screen():
    stages = tuple(Stage(1, stage.policy) for stage in schedule().stages * 30)
    long = PolicySchedule(stages, "<i>" + "x" * 500)
    assert repr(long).endswith("…: 90 epochs in 90 stages, paper scale)") and len(repr(long)) < 120
    assert len(str(long).splitlines()) == 26
    html = long._repr_html_()
    assert html.count("<tr>") == 26 and "65 more stages" in html and "<i>" not in html

import json

import pytest

from dada.errors import UserError
from dada.policy import (
    Operation,
    OperationList,
    Policy,
    PolicySchedule,
    Scale,
    Stage,
    SubPolicy,
    dumps,
    load_policy,
    loads,
    published_names,
    save_policy,
)

SCALE = Scale("strength", {"Rotate": (-90.0, 90.0)})
LISTED = OperationList(
    (Operation("Rotate", 0.3, 0.5, 1.0), Operation("Invert", 1.0, 0.0)), scale=SCALE
)
PLAIN = Policy((SubPolicy((Operation("Rotate", 0.5, 0.25),), 2.0),), SCALE, "turn", {"seed": 3})


def schedule():
    return PolicySchedule((Stage(3, LISTED), Stage(1, PLAIN)), "mine", {"method": "PBA"})


def test_a_schedule_is_read_as_it_was_written(tmp_path):
    path = save_policy(schedule(), tmp_path / "policy.json")
    assert load_policy(path) == schedule() and load_policy(tmp_path) == schedule()
    assert dumps(load_policy(path)) == path.read_text()


def test_the_file_is_version_2_with_one_line_per_stage():
    text = dumps(schedule())
    data = json.loads(text)
    assert (data["format"], data["version"], data["name"]) == ("dada-policy", 2, "mine")
    assert len(text[text.index('"stages"') :].splitlines()) == 2 + 3
    assert data["stages"][0]["operations"] == [["Rotate", 0.3, 0.5, 1.0], ["Invert", 1.0, 0.0]]


def test_a_file_may_leave_the_names_to_the_reader():
    data = json.loads(dumps(schedule()))
    del data["name"], data["provenance"], data["stages"][1]["name"], data["stages"][1]["provenance"]
    found = loads(json.dumps(data), "a file")
    assert found.name == "a file" and found.content == schedule().content


def test_policies_are_written_as_before():
    text = dumps(Policy((SubPolicy((Operation("Rotate", 0.5, 0.25),), 2.0),), SCALE, "turn"))
    assert text == (
        '{\n  "format": "dada-policy",\n  "version": 1,\n  "name": "turn",\n  "scale": {\n'
        '    "kind": "strength",\n    "bounds": {\n      "Rotate": [\n        -90.0,\n'
        '        90.0\n      ]\n    }\n  },\n  "provenance": {},\n  "sub_policies": [\n'
        '    {"weight": 2.0, "operations": [["Rotate", 0.5, 0.25]]}\n  ]\n}\n'
    )


@pytest.mark.parametrize("name", published_names())
def test_published_files_read_and_write_the_same(name):
    policy = load_policy(name)
    assert loads(dumps(policy)) == policy


HEAD = '{"format": "dada-policy", "version": 2, "stages": '
ROTATE = '["Rotate", 0.5, 0.5]'
LIST = f'"counts": [0.5, 0.5], "operations": [{ROTATE}]'
POLICY = f'"sub_policies": [{{"weight": 1, "operations": [{ROTATE}]}}]'
STAGE = f'{{"epochs": 1, {LIST}}}'
LARGE = f'{{"epochs": 1, "sub_policies": {[3] * 6000}}}'
TOO_MANY = ", ".join([STAGE] * 1001)
BAD = {
    HEAD + "[]}": "stages",
    HEAD + "{}}": '"stages" must be a list',
    '{"format": "dada-policy", "version": 2}': '"stages" must be a list',
    '{"format": "dada-policy", "version": 2, ' + POLICY + "}": "unknown entry 'sub_policies'",
    '{"format": "dada-policy", "version": 1, "stages": []}': "unknown entry 'stages'",
    '{"format": "dada-policy", "version": true, "stages": []}': "version True",
    '{"format": "dada-policy", "version": 3, "stages": []}': "versions 1 and 2",
    HEAD + "[3]}": 'stage 0: it must have "epochs"',
    HEAD + f"[{{{LIST}}}]}}": 'stage 0: it must have "epochs"',
    HEAD + f'[{{"epochs": 1, {LIST}, "code": 1}}]}}': "stage 0: it must have",
    HEAD + f'[{{"epochs": 1, {LIST}, {POLICY}}}]}}': "stage 0: it must have",
    HEAD + f'[{{"epochs": 0, {LIST}}}]}}': "stage 0: epochs",
    HEAD + f'[{{"epochs": 1.5, {LIST}}}]}}': "stage 0: epochs",
    HEAD + f'[{{"epochs": 1, {LIST}}}, {{"epochs": "1", {POLICY}}}]}}': "stage 1: epochs",
    HEAD + '[{"epochs": 1, "counts": [1], "operations": 7}]}': '"operations" must be a list',
    HEAD + '[{"epochs": 1, "counts": [1], "operations": [7]}]}': "stage 0: an operation must be",
    HEAD + '[{"epochs": 1, "counts": [1], "operations": []}]}': "stage 0: operations",
    HEAD + f'[{{"epochs": 1, "counts": 7, "operations": [{ROTATE}]}}]}}': "stage 0: counts",
    HEAD + f'[{{"epochs": 1, "counts": [0.5], "operations": [{ROTATE}]}}]}}': "must sum to 1",
    HEAD + '[{"epochs": 1, "sub_policies": []}]}': "stage 0: sub_policies",
    HEAD + '[{"epochs": 1, "sub_policies": 5}]}': '"sub_policies" must be a list',
    HEAD + f'[{{"epochs": 1, {POLICY}, "name": 3}}]}}': "stage 0: name",
    HEAD + f"[{', '.join([LARGE] * 20)}]}}": "120,000 sub-policies in all stages",
    HEAD + f"[{TOO_MANY}]}}": "1,001 stages: at most 1,000",
    HEAD + f'[{{"epochs": 1, "counts": [1], "operations": {[3] * 65}}}]}}': "at most 64",
}


@pytest.mark.parametrize(("text", "reason"), BAD.items(), ids=range(len(BAD)))
def test_a_bad_schedule_gets_one_clear_line(text, reason):
    with pytest.raises(UserError) as caught:
        loads(text)
    message = str(caught.value)
    assert reason in message and "\n" not in message

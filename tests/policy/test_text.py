import pytest

from dada.errors import UserError
from dada.policy import Operation, Scale, loads


@pytest.mark.parametrize(
    "text",
    [
        '[[["ShearX", 0.5, 0.46], ["Sharpness", 0.5, 0.54]], [["Rotate", 1, 0]]]',
        "[[('ShearX', 0.5, 0.46), ('Sharpness', 0.5, 0.54)], [('Rotate', 1, 0)]]\n",
    ],
)
def test_the_bare_list_is_read(text):
    policy = loads(text, "pasted")
    assert policy.name == "pasted" and policy.scale == Scale("paper")
    assert policy.sub_policies[0].operations[1] == Operation("Sharpness", 0.5, 0.54)
    assert policy.weights == (0.5, 0.5)


HEAD = '{"format": "dada-policy", "version": 1, "sub_policies": '
BAD = {
    "not text of any kind": "neither JSON nor",
    "__import__('os').system('touch /tmp/owned')": "neither JSON nor",
    "[" * 100_000: "nested too deeply",
    "[]": "sub_policies",
    "{}": 'no "format"',
    "3": "expected a policy document",
    '[[["ShearX", 0.5, 1.5]]]': "less than or equal to 1",
    '[[["ShearX", -0.1, 0.5]]]': "greater than or equal to 0",
    '[[["ShearX", NaN, 0.5]]]': "finite",
    '[[["Sheer", 0.5, 0.5]]]': "Sheer",
    '[[["ShearX", 0.5]]]': "[name, probability, magnitude]",
    '[[["ShearX", "0.5", 0.5]]]': "number",
    '[["ShearX", 0.5, 0.5]]': "[name, probability, magnitude]",
    HEAD + "[]}": "sub_policies",
    HEAD + '[{"weight": 0, "operations": [["Rotate", 1, 1]]}]}': "at least one must be positive",
    HEAD + '[{"operations": [["Rotate", 1, 1]]}]}': "exactly",
    HEAD + '[{"weight": 1, "operations": []}]}': "operations",
    HEAD + '[{"weight": 1, "operations": [["Rotate", 1, 1]]}], "code": "x"}': "unknown entry",
    '{"format": "dada-policy", "version": 9, "sub_policies": []}': "version 9",
    HEAD[:-17] + '"scale": {"kind": "odd"}, "sub_policies": [{"weight": 1, '
    '"operations": [["Rotate", 1, 1]]}]}': "kind",
}


@pytest.mark.parametrize(("text", "reason"), BAD.items(), ids=range(len(BAD)))
def test_a_bad_policy_gets_one_clear_line(text, reason):
    with pytest.raises(UserError) as caught:
        loads(text)
    message = str(caught.value)
    assert reason in message and "\n" not in message

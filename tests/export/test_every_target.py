"""What holds for every target: hostile policies, no augmentation, what was around a policy."""

import ast
import io
import json
import random
import string
import sys

import pytest
import torch

from dada.cli.main import app, main
from dada.errors import UserError
from dada.export import TARGETS, target, write
from dada.export.words import remarks
from dada.ops import PAPER_OPERATIONS
from dada.policy import Operation, Policy, Scale, SubPolicy, dumps, load_policy, save_policy
from tests.export.samples import one, photographs

FILES = [(name, ending) for name in TARGETS for ending in target(name).endings]
LIBRARY = {"dali": "nvidia", "list": None, "python": "PIL"}  # else it is called like the target
NAMES = (
    '"""\nimport os\nos.system("false")\n"""',
    "'''\n__import__('os')",
    "\\",
    '\\"""',
    "a\x00b\r\n\u2028c",
    "Stärke × 2 … ✂",
    "\ud800",
    "{0} {name} %s",
    "#" + "x" * 999,
    "",
)
SETTINGS = (
    {"crop": "padded", "padding": 4, "flip": True, "cutout": 16},
    {
        "flip": True,
        "crop": '"""',
        "padding": [],
        "cutout": {"a": 1},
        "jitter": "x",
        "lighting": None,
    },
    {"flip": "yes"},
    [],
    '"""',
)


def random_policy(seed):
    """Any names, numbers and bounds that a policy file may hold."""
    draw = random.Random(seed)
    extremes = (0.0, 1.0, 5e-324, 1e-7, 0.1 + 0.2, 1 - 2**-53)
    rows = []
    for _ in range(draw.randint(1, 3)):
        operations = tuple(
            Operation(
                draw.choice(PAPER_OPERATIONS),
                draw.choice((*extremes, draw.random())),
                draw.choice((*extremes, draw.random())),
                draw.choice((0.0, 0.0, 1.0, 1e-300, 100.0)),
            )
            for _ in range(draw.randint(1, 2))
        )
        rows.append(SubPolicy(operations, draw.choice((1.0, 1e-300, 1e300, draw.random()))))
    bounds = {}
    for name in PAPER_OPERATIONS:
        if name not in ("AutoContrast", "Invert", "Equalize") and draw.random() < 0.3:
            low, high = (draw.choice((-1, 1)) * 10.0 ** draw.randint(-320, 6) for _ in range(2))
            if low != high:
                bounds[name] = (low, high)
    name = draw.choice((*NAMES, "".join(map(chr, draw.choices(range(0x3000), k=20)))))
    settings = {"settings": draw.choice(SETTINGS)}
    return Policy(tuple(rows), Scale("paper", bounds), name, settings)


def imported(tree):
    """The packages that a file imports, besides the standard library."""
    nodes = list(ast.walk(tree))
    names = [a.name for n in nodes if isinstance(n, ast.Import) for a in n.names]
    names += [n.module or "" for n in nodes if isinstance(n, ast.ImportFrom)]
    return {name.partition(".")[0] for name in names} - sys.stdlib_module_names


def calls(tree):
    return sorted(ast.dump(n.func) for n in ast.walk(tree) if isinstance(n, ast.Call))


@pytest.mark.parametrize(("to", "ending"), FILES)
def test_hostile_policies_give_sound_files_or_one_line(to, ending):
    refused = 0
    for seed in range(25):
        policy = random_policy(seed)
        try:
            text = target(to).source(policy, ending)
        except UserError as error:
            assert "\n" not in str(error)
            refused += 1
            continue
        assert text.isascii() and "\x00" not in text
        if ending == ".json":
            json.loads(text, parse_constant=pytest.fail)
            continue
        if ending == ".yaml":
            continue
        tree = ast.parse(text)
        assert not {"inf", "nan"} & {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}
        ours = {LIBRARY.get(to, to), "PIL", "torch", "torchvision", "numpy"}
        assert imported(tree) <= ours - {None}
        # A name and settings change nothing that runs.
        plain = Policy(policy.sub_policies, policy.scale, "plain")
        assert calls(tree) == calls(ast.parse(target(to).source(plain, ending)))
    assert refused < 25


@pytest.mark.parametrize(("to", "ending"), FILES)
def test_a_file_is_python_or_json_whatever_the_console_encodes(to, ending, tmp_path, monkeypatch):
    source = load_policy("dada-cifar10")
    save_policy(Policy(source.sub_policies, name="Stärke × 2 … ✂"), tmp_path / "policy.json")
    written = tmp_path / f"out{ending}"
    text = write(tmp_path / "policy.json", to, written)
    assert written.read_bytes() == text.encode("ascii")
    for encoding in ("cp1252", "ascii", "utf-16"):
        console = io.TextIOWrapper(io.BytesIO(), encoding)
        monkeypatch.setattr(sys, "stdout", console)
        app(["export", str(tmp_path / "policy.json"), "--to", to], standalone_mode=False)
        console.flush()
        said = console.buffer.getvalue().decode(encoding)
        assert said == target(to).source(
            load_policy(tmp_path / "policy.json"), target(to).endings[0]
        )


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
@pytest.mark.parametrize(
    "arguments",
    [
        ("export", "--list"),
        ("export", "POLICY", "--to", "kornia"),
        ("policies", "POLICY"),
        ("policies", "POLICY", "--json", "said.json"),
    ],
)
def test_a_console_of_any_encoding_is_written_to(arguments, encoding, tmp_path, monkeypatch):
    rows = load_policy("dada-cifar10").sub_policies
    save_policy(Policy(rows, name="Stärke … ✂"), tmp_path / "Stärke ✂.json")
    arguments = [a.replace("POLICY", "Stärke ✂.json") for a in arguments]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["dada", *arguments])
    console = io.TextIOWrapper(io.BytesIO(), encoding)
    monkeypatch.setattr(sys, "stdout", console)
    with pytest.raises(SystemExit) as done:
        main()
    console.flush()
    assert not done.value.code and console.buffer.getvalue().decode(encoding)
    if "--json" in arguments:
        assert json.loads((tmp_path / "said.json").read_text("utf-8"))["name"] == "Stärke … ✂"


@pytest.mark.parametrize("to", TARGETS)
def test_no_augmentation_changes_nothing_and_is_said(to):
    module = target(to)
    policies = [
        Policy.none(),
        Policy((SubPolicy((Operation("Invert", 0.0, 0.5), Operation("Cutout", 0.0, 1.0, 1.0))),)),
    ]
    for policy in policies:
        for ending in module.endings:
            text = module.source(policy, ending)
            assert ("No augmentation: every probability is 0" in text) == (ending == ".py")
        try:
            augment = module.load(module.source(policy, module.endings[0]), module.endings[0])
        except UserError as error:
            pytest.skip(str(error))
        torch.manual_seed(0)
        for image in photographs() * 3:
            assert augment(image).tobytes() == image.tobytes()


@pytest.mark.parametrize("to", TARGETS)
def test_what_was_around_a_policy_is_said(to, tmp_path, capsys):
    settings = {"crop": "padded", "padding": 4, "flip": True, "cutout": 16, "jitter": 0.0}
    known = "It was judged on normalised images, with crop, flip and Cutout 16 around it."
    policy = Policy(one("Invert", 0.5).sub_policies, provenance={"settings": settings})
    if ".py" in target(to).endings:
        assert known in target(to).source(policy, ".py")
    (tmp_path / "policy.json").write_text(dumps(policy))
    app(["export", str(tmp_path / "policy.json"), "--to", to], standalone_mode=False)
    assert f"note: {known}\n" in capsys.readouterr().err
    for unknown in ({}, {"settings": {"flip": "yes"}}, {"settings": 3}):
        assert not remarks(Policy(policy.sub_policies, provenance=unknown))


def test_names_stay_readable():
    text = target("python").source(Policy(one("Invert", 0.5).sub_policies, name="hand signs, 2nd"))
    assert text.startswith('"""hand signs, 2nd: an image-augmentation policy of 1 sub-policy.\n')
    assert all(c in string.printable for c in text)


@pytest.mark.parametrize("to", [name for name in TARGETS if ".py" in target(name).endings])
def test_a_file_says_whether_masks_and_boxes_move(to):
    said = ast.get_docstring(ast.parse(target(to).source(one("Rotate", 0.5), ".py")))
    alone = "takes pictures alone: masks, boxes and points do not move" in (said or "")
    assert alone == (to in ("python", "timm"))
    assert bool(said and "boxes" in said) == (to != "list")  # which has no docstring

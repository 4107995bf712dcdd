"""A policy for NVIDIA DALI: a Python file with a `Policy` of `nvidia.dali.auto_aug`.

DALI's package is named after the CUDA version, so it is not an extra of this one. Differences were
measured with DALI 2.4 on the CPU; the file's operators exist for the GPU too, untested.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import module_from_spec, spec_from_file_location
from math import prod
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from dada.errors import UserError
from dada.export.dali_code import CODE, IMPORTS
from dada.export.interface import Sample, Target
from dada.export.steps import fixed, resolve
from dada.export.templates import known
from dada.export.words import BORDERLINE, LIMITS, around_corners, heading, used
from dada.extras import library
from dada.ops import get
from dada.policy import Policy

BINS = 101
"""Magnitudes in DALI: hundredths."""

_LEVELS = 3  # of a random magnitude: a sub-policy of two operations becomes nine
_LONGEST = 1000  # list of sub-policies, unless there are many

_MOST = 10_000  # sub-policies of the list, without random magnitudes

_USAGE = """    @pipeline_def(enable_conditionals=True)
    def pipeline():
        images = ...  # uint8, HWC, RGB, on the CPU or the GPU
        images = augment(images)
        images, masks, boxes = augment(images, masks, boxes)  # or either of them, by name

Masks, HWC, and boxes, rows (x0, y0, x1, y1) in pixels, move with their image, and stay as they are
where Cutout hides them. A box of which too little is left becomes zeros."""

_KNOWN = tuple(name for name in known(CODE) if name != "Identity")
_PIXELS = {
    **BORDERLINE,
    "Equalize": (
        "Equalize: DALI's own, after OpenCV: 2 to 6 grey levels on average, up to 35 (of 32 pixels "
        "a side, up to 11 and 63)"
    ),
}

Row = tuple[str, float, int | None]


def _source(policy: Policy, ending: str) -> str:
    """The file: the policy as a table, the operations in DALI's operators, and `augment`.

    Raises:
        UserError: too many sub-policies.
    """
    rows, chances = _rows(policy)
    table = "".join(
        _entry(times, row) for times, row in zip(_times(chances), rows, strict=True) if times
    )
    docstring = f'"""{heading(policy, "NVIDIA DALI, tried with 2.4", _USAGE)}"""\n'
    return f"{docstring}{IMPORTS}SUB_POLICIES = [\n{table}]\n{_lines(policy)}{LIMITS}{CODE}"


def _rows(policy: Policy) -> tuple[list[list[Row]], list[float]]:
    """Sub-policies without random magnitudes, and their chances; equal ones are one."""
    sub_policies = resolve(policy, _LEVELS)
    count = sum(prod(len(step.magnitudes) for step in s.steps) for s in sub_policies)
    if count > _MOST:
        raise UserError(
            f"for DALI the policy would need {count:,} sub-policies for its random magnitudes; "
            f"the limit is {_MOST:,}: use fewer sub-policies, or fewer operations in each"
        )
    chances: dict[tuple[Row, ...], float] = {}
    for sub_policy in sub_policies:
        for chance, steps in fixed(sub_policy):
            row = tuple(
                (name, p, round(magnitude * (BINS - 1)) if get(name).has_magnitude else None)
                for name, p, magnitude, _, _ in steps
                if p > 0
            )
            chances[row] = chances.get(row, 0.0) + chance
    return [list(row) or [("Identity", 1.0, None)] for row in chances], list(chances.values())


def _times(chances: list[float]) -> list[int]:
    """How often each is in the list: the shortest list of those nearest to the chances."""
    exact = np.array(chances)
    best, least = np.ones(len(exact)), np.inf
    for length in range(len(exact), max(_LONGEST, 2 * len(exact)) + 1):
        times = np.rint(length * exact)
        error = np.abs(times / times.sum().clip(1) - exact).max().round(9)
        if error < least:
            best, least = times, error
        if not error:
            break
    return [int(count) for count in best]


def _entry(times: int, row: list[Row]) -> str:
    operations = "".join(f'            ("{name}", {p!r}, {bin!r}),\n' for name, p, bin in row)
    return f"    (\n        {times},\n        [\n{operations}        ],\n    ),\n"


def _lines(policy: Policy) -> str:
    present = used(policy)
    names = [n for n in _KNOWN if n in present and get(n).has_magnitude]
    rows = "".join(f'    "{name}": {policy.scale.lines(get(name))!r},\n' for name in names)
    return (
        "# Under the random signs + and -: value at magnitude 0, and what it gains up to 1.\n"
        f"LINES = {{\n{rows}}}\n"
    )


def _differences(policy: Policy) -> list[str]:
    """Where DALI's pixels or draws differ from `dada`'s, in grey levels of a photograph."""
    operations = [o for s in policy.sub_policies if s.weight > 0 for o in s.operations]
    names = {o.name for o in operations}
    found = []
    measured = [o for o in operations if get(o.name).has_magnitude]
    if any(o.spread for o in measured):
        found.append(f"a random magnitude is one of {_LEVELS} equally likely ones")
    if any(abs(o.magnitude - round(o.magnitude, 2)) > 1e-9 for o in measured):
        found.append("magnitudes are rounded to hundredths")
    chances = np.array(_rows(policy)[1])
    times = np.array(_times(chances.tolist()))
    if (off := np.abs(times / times.sum() - chances).max()) > 1e-6:
        found.append(f"the chance of a sub-policy is off by up to {off:.1e}")
    found.append("images in a pipeline are RGB, uint8 and HWC")
    found += around_corners(policy)
    return found + [_PIXELS[name] for name in _KNOWN if name in names and name in _PIXELS]


def _load(text: str, ending: str) -> Callable[[Image.Image], Image.Image]:
    """The file at work on one PIL image, on the CPU; PyTorch's global generator seeds it.

    Raises:
        UserError: DALI is not installed.
    """
    run = _pipeline(text, {"images": "HWC"})

    def transform(image: Image.Image) -> Image.Image:
        (augmented,) = run(np.asarray(image.convert("RGB")))
        return Image.fromarray(augmented).convert(image.mode)

    return transform


def _sample(text: str, ending: str) -> Callable[[Sample], Sample]:
    """As `_load`, of a sample."""
    run = _pipeline(text, {"images": "HWC", "masks": "HWC", "boxes": None})

    def transform(sample: Sample) -> Sample:
        whole = np.asarray(sample.image.convert("RGB"))
        image, mask, boxes = run(whole, sample.mask[..., None], sample.boxes.astype(np.float32))
        picture = Image.fromarray(image).convert(sample.image.mode)
        return Sample(picture, mask[..., 0], boxes.astype(np.float64))

    return transform


def _pipeline(text: str, layouts: dict[str, str | None]) -> Callable[..., list[NDArray[Any]]]:
    """The file at work on arrays, one of each name."""
    dali = library("nvidia.dali", "the export to DALI")
    # A real file, because DALI reads the source of what it runs to find its conditionals.
    with TemporaryDirectory() as folder:
        path = Path(folder) / "exported_policy.py"
        path.write_text(text, encoding="utf-8")
        specification = spec_from_file_location(path.stem, path)
        assert specification is not None and specification.loader is not None
        module = module_from_spec(specification)
        specification.loader.exec_module(module)

        @dali.pipeline_def(enable_conditionals=True)
        def build() -> object:
            given = [dali.fn.external_source(name=n, layout=of) for n, of in layouts.items()]
            return module.augment(*given)

        pipeline = build(
            batch_size=1,
            num_threads=1,
            device_id=None,
            prefetch_queue_depth=1,
            exec_pipelined=False,
            exec_async=False,
            seed=int(torch.randint(2**31, ())),
        )
        pipeline.build()

    def run(*arrays: NDArray[Any]) -> list[NDArray[Any]]:
        for name, array in zip(layouts, arrays, strict=True):
            pipeline.feed_input(name, [array])
        return [np.array(output.at(0)) for output in pipeline.run()]

    return run


target = Target(
    name="dali",
    what="a policy of nvidia.dali.auto_aug",
    endings=(".py",),
    operations=_KNOWN,
    text_of=_source,
    differences_of=_differences,
    load_from=_load,
    moves="masks and boxes",
    sample_from=_sample,
)

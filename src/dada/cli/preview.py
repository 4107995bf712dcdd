"""dada preview"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dada.cli import options as o
from dada.cli.terminal import check_writable, terminal


def preview(
    policy: Annotated[
        str,
        typer.Argument(
            help="A published name, a policy file or a run folder.", autocompletion=o.policy_names
        ),
    ],
    data: o.Data = "digits",
    out: Annotated[Path, typer.Option("-o", "--out", help="Picture to write.")] = Path(
        "preview.png"
    ),
    columns: Annotated[int, typer.Option(min=1, max=32, help="Images of the data.")] = 8,
    rows: Annotated[int, typer.Option(min=1, max=200, help="Leading sub-policies.")] = 8,
    seed: Annotated[int, typer.Option(min=0, help="Of the images and draws.")] = 0,
    side: o.Side = None,
    root: o.Root = None,
) -> None:
    """See a policy: your images under each of its leading sub-policies.

    Example: dada preview dada-cifar10 my_photos/ -o sheet.png
    """
    check_writable(out)
    o.check_picture(out)
    import torch

    from dada.policy import load_policy
    from dada.report import contact_sheet

    chosen = load_policy(policy)
    dataset = o.open_data(data, side, root)
    generator = torch.Generator().manual_seed(seed)
    picked = torch.randperm(len(dataset.train), generator=generator)[:columns]
    sheet = contact_sheet(dataset.train.images[picked], chosen, rows=rows, seed=seed)
    sheet.save(out)
    terminal.say(out)

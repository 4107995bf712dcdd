"""dada preview"""

from __future__ import annotations

from collections.abc import Sized
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dada.cli import options as o
from dada.cli.checks import check_picture, open_data
from dada.cli.terminal import check_writable, terminal

if TYPE_CHECKING:
    from torch import Tensor

    from dada.datasets import FileDataset


def preview(
    policy: Annotated[
        str,
        typer.Argument(
            help="A published policy, a policy file or a run folder.", autocompletion=o.POLICY
        ),
    ],
    data: o.Data = "digits",
    out: Annotated[Path, typer.Option("-o", "--out", help="Picture to write.")] = Path(
        "preview.png"
    ),
    columns: Annotated[
        int, typer.Option(min=1, max=32, help="Number of images, one per column.")
    ] = 8,
    rows: Annotated[
        int, typer.Option(min=1, max=200, help="Number of leading sub-policies, one per row.")
    ] = 8,
    seed: Annotated[
        int, typer.Option(min=0, help="Seed of the choice of images and of the draws.")
    ] = 0,
    side: o.Side = None,
    root: o.Root = None,
) -> None:
    """Show your images under each leading sub-policy.

    Example: dada preview dada-cifar10 my_photos/ -o sheet.png
    """
    check_writable(out)
    check_picture(out)
    import torch

    from dada.datasets import Chosen
    from dada.policy import load_policy
    from dada.report import contact_sheet

    chosen = load_policy(policy)

    def pick(images: Sized) -> Tensor:
        generator = torch.Generator().manual_seed(seed)
        return torch.randperm(len(images), generator=generator)[:columns]

    def choose(files: FileDataset) -> Chosen:
        return Chosen(pick(files.train).numpy(), test=False, validation=0)

    dataset = open_data(data, side, root, choose=choose)
    images = dataset.train.images
    shown = images if dataset.files else images[pick(images)]  # of files, only these were decoded
    sheet = contact_sheet(shown, chosen, rows=rows, seed=seed)
    sheet.save(out)
    terminal.say(out)

"""dada preview"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dada.cli import options as o
from dada.cli.checks import check_picture, open_data
from dada.cli.terminal import check_writable, terminal

if TYPE_CHECKING:
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
    epoch: o.Epoch = None,
    side: o.Side = None,
    root: o.Root = None,
) -> None:
    """Show your images under each leading sub-policy.

    Example: dada preview dada-cifar10 my_photos/ -o sheet.png
    """
    check_writable(out)
    check_picture(out)
    from dada.datasets import Chosen
    from dada.policy import load_policy
    from dada.report import show
    from dada.report.show import some_of

    chosen = load_policy(policy).chosen(epoch)

    def choose(files: FileDataset) -> Chosen:
        return Chosen(some_of(files.train, columns, seed).numpy(), test=False, validation=0)

    dataset = open_data(data, side, root, choose=choose)
    show(chosen, dataset, columns=columns, rows=rows, seed=seed).save(out)
    terminal.say(out)

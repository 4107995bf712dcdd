"""dada export"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from dada.cli import options as o
from dada.cli.checks import check_replaceable
from dada.cli.terminal import terminal
from dada.names import TARGETS


def export(
    policy: Annotated[
        str | None,
        typer.Argument(
            help="A published policy, a policy file or a run folder.",
            autocompletion=o.POLICY,
        ),
    ] = None,
    to: Annotated[
        str | None,
        typer.Option(
            help=f"Target: {', '.join(TARGETS)}.",
            autocompletion=o.starting(TARGETS),
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="File to write. [the terminal]")
    ] = None,
    epoch: o.Epoch = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it exists.")] = False,
    list_: Annotated[
        bool, typer.Option("--list", help="List what can be exported to, and exit.")
    ] = False,
) -> None:
    """Write a policy for another library.

    Example: dada export dada-cifar10 --to torchvision -o policy.py
    """
    from dada.errors import UserError
    from dada.export import target, write
    from dada.export.words import remarks
    from dada.policy import load_policy

    if list_:
        for name in TARGETS:
            library = target(name)
            endings = " or ".join(library.endings)
            terminal.say(
                f"{name:<15} {endings:<23} {library.what}; "
                f"{library.motion}; knows {library.knowledge}"
            )
        return
    if policy is None:
        raise UserError("give a policy to export: a published name, a file or a run folder")
    if to is None:
        raise UserError(f"give --to: one of {', '.join(TARGETS)}")
    library, chosen = target(to), load_policy(policy).chosen(epoch)
    if out is not None and out.is_dir():
        raise UserError(f"cannot write {out}: Is a directory")
    if out is not None:
        check_replaceable(out, force)
    text = write(chosen, to, out)
    for note in [*remarks(chosen), *library.differences(chosen)]:
        terminal.note(note, to=sys.stderr if out is None else None)
    if out is None:
        terminal.write(text)
    else:
        terminal.say(f"{policy} for {to}: {out}")

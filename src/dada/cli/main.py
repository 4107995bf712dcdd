"""Puts the verbs together, and turns user errors into one line and exit code 2."""

from __future__ import annotations

import io
import os
import signal
import sys
from pathlib import Path

import typer

from dada import __version__
from dada.cli.compare import compare
from dada.cli.evaluate import evaluate
from dada.cli.export import export
from dada.cli.interrupt import forget_ctrl_c, watch_ctrl_c
from dada.cli.onnx import onnx
from dada.cli.policies import policies
from dada.cli.preview import preview
from dada.cli.recipes import recipes
from dada.cli.report import report
from dada.cli.search import search
from dada.cli.terminal import terminal
from dada.cli.train import train
from dada.cli.verb import HELP, Quiet, verb
from dada.compute.job import is_first
from dada.compute.memory import keep_freed_memory
from dada.errors import UserError, command_line, printable

app = typer.Typer(
    name="dada",
    help="Find an image-augmentation policy, see it, and learn whether it helps.",
    context_settings=HELP,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
for function in (
    search,
    compare,
    train,
    evaluate,
    preview,
    policies,
    export,
    onnx,
    recipes,
    report,
):
    app.command(context_settings=HELP)(verb(function))


@app.callback(invoke_without_command=True)
def options(
    context: typer.Context,
    version: bool = typer.Option(False, "--version", help="Print the version and exit."),
    quiet: Quiet = False,
) -> None:
    """Find an image-augmentation policy, see it, and learn whether it helps."""
    terminal.quiet = quiet
    if version:
        print(f"dada {__version__}")
    elif context.invoked_subcommand is None:
        print(context.get_help())


def main() -> None:
    """Run the command line."""
    keep_freed_memory()
    # Before PyTorch is imported. Threads that spin while they wait keep others from running: beside
    # other work a step takes ten times as long. Only the owner of the process may decide this.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    if not is_first():  # only one process of a job prints
        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # file names may not be encodable
            stream.reconfigure(errors="backslashreplace")
    watch_ctrl_c()
    try:
        with command_line():
            code = app(standalone_mode=False)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader is done, as in `dada policies | head -1`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nor anything at exit
        code = 128 + signal.SIGPIPE
    except (typer.Abort, KeyboardInterrupt):
        code = 130
    except Exception as error:
        message = _explain(error)
        if message is None:
            raise
        code = _fail(message)
    if code != 130:
        forget_ctrl_c()
    sys.exit(code)


def _explain(error: Exception) -> str | None:
    """What the user can fix, in one line; None for an error of the program's own."""
    if isinstance(error, UserError):
        return str(error)
    if isinstance(error, OSError):  # a full disk, a name that is too long
        where = "" if error.filename is None else f"{error.filename}: "
        return f"{where}{error.strerror or error}"
    # PyTorch's error is recognised by name: PyTorch may not have been imported.
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return "out of memory: try a smaller --batch, --side, --images or --model"
    # For a killed worker PyTorch has no exception class; it interrupts whatever runs.
    if isinstance(error, RuntimeError) and str(error).startswith("DataLoader worker"):
        return (
            "a process that decodes images was killed, probably out of memory: "
            "resume the run (--resume) with fewer --workers"
        )
    # Typer's own complaints (an unknown option, say) have no public base class.
    complaint = getattr(error, "format_message", None)
    return str(complaint()) if complaint else None


def _fail(message: str) -> int:
    line = " ".join(message.split())
    print(f"dada: {printable(line)}", file=sys.stderr)
    return 2

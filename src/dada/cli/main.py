"""Puts the verbs together, and turns a user's errors into one line and exit code 2."""

from __future__ import annotations

import sys

import typer

from dada import __version__
from dada.cli.compare import compare
from dada.cli.policies import policies
from dada.cli.preview import preview
from dada.cli.report import report
from dada.cli.search import search
from dada.errors import UserError

app = typer.Typer(
    name="dada",
    help="Find an image-augmentation policy by gradient, see it, and learn whether it helps.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
for verb in (search, compare, preview, policies, report):
    app.command()(verb)


@app.callback(invoke_without_command=True)
def options(
    version: bool = typer.Option(False, "--version", help="Print the version and exit."),
) -> None:
    """Find an image-augmentation policy by gradient, see it, and learn whether it helps."""
    if version:
        print(f"dada {__version__}")
        raise typer.Exit


def main() -> None:
    """Run the command line."""
    try:
        code = app(standalone_mode=False)
    except UserError as error:
        code = _fail(str(error))
    except (typer.Abort, KeyboardInterrupt):
        code = 130
    except Exception as error:
        # Typer's own complaints (an unknown option, say) have no public base class.
        message = getattr(error, "format_message", None)
        if message is None:
            raise
        code = _fail(message())
    sys.exit(code)


def _fail(message: str) -> int:
    if message:  # Typer prints the help, and complains with nothing, when no verb is given
        print("dada: " + " ".join(message.split()), file=sys.stderr)
    return 2

"""The command `archipel`: one clear sentence when it fails, exit 0, 1 (refused) or 2 (misuse).

A package adds commands by an entry point in the group `archipel.commands`: a function that is
given the Typer application. The simulators come in this way.
"""

import sys
from importlib.metadata import entry_points
from typing import Annotated

import typer

import archipel
from archipel.app.cli import (
    agreement,
    commitment,
    content,
    deidentify,
    directory,
    hl7,
    keeping,
    moving,
    node,
    opposition,
    peer,
    results,
    retention,
    work,
)
from archipel.kernel.errors import ArchipelError, Malformed

command = typer.Typer(
    name="archipel",
    help="The node of a regional medical-imaging network. Not a medical device.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
for part in (
    node,
    work,
    directory,
    content,
    keeping,
    moving,
    deidentify,
    retention,
    commitment,
    peer,
    agreement,
    opposition,
    results,
    hl7,
):
    part.add_to(command)
for extension in entry_points(group="archipel.commands"):
    extension.load()(command)


@command.callback(invoke_without_command=True)
def _version(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        typer.echo(archipel.__version__)
        raise typer.Exit
    if context.invoked_subcommand is None:
        raise typer.Exit(2)


def main() -> None:
    """Run the command line and turn an expected failure into one sentence and an exit code."""
    try:
        command()
    except Malformed as error:
        sys.stderr.write(f"archipel: {error}\n")
        sys.exit(2)
    except ArchipelError as error:
        sys.stderr.write(f"archipel: {error}\n")
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)

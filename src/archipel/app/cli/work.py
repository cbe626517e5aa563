"""Commands on work that failed for good."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from archipel.app.cli.console import HomeOption, JsonOption, show
from archipel.app.home import Home

if TYPE_CHECKING:
    from archipel.app.operations.letters import Letters
    from archipel.kernel.actors import Scope

work = typer.Typer(help="Work that failed for good.", no_args_is_help=True)


def add_to(command: typer.Typer) -> None:
    """Add these commands to the command line."""
    command.add_typer(work, name="work")


@work.command("list")
def list_work(home: HomeOption, as_json: JsonOption = False) -> None:
    """List what is stuck, with its error. Example: archipel work list --home /srv/archipel."""
    with _letters(home) as (letters, scope):
        rows = [one.model_dump(mode="json") for one in letters.listed(scope=scope)]
    if rows or as_json:
        show(rows, as_json=as_json)
    else:
        typer.echo("nothing is stuck")


@work.command("retry")
def retry_work(
    home: HomeOption,
    name: Annotated[str, typer.Argument(help="As `archipel work list` names it.")] = "",
    every: Annotated[bool, typer.Option("--all", help="Everything that is stuck.")] = False,
) -> None:
    """Have it done once more, by the worker of the running node, or when it starts.

    Example: archipel work retry --home /srv/archipel 1207-seal
    """
    if bool(name) == every:
        raise typer.BadParameter("name one, or say --all")
    with _letters(home) as (letters, scope):
        names = [one.id for one in letters.listed(scope=scope)] if every else [name]
        for one in names:
            letters.retry(one, scope=scope)
    typer.echo(f"{len(names)} to be done again")


@work.command("drop")
def drop_work(
    home: HomeOption,
    name: str,
    reason: Annotated[str, typer.Option("--reason", help="Why it may stay undone.")],
) -> None:
    """Forget it: what it should have done stays undone.

    Example: archipel work drop --home /srv/archipel 1207-seal --reason "the series was erased"
    """
    with _letters(home) as (letters, scope):
        letters.drop(name, reason=reason, scope=scope)
    typer.echo(f"{name} is forgotten")


@contextmanager
def _letters(home: Path) -> "Iterator[tuple[Letters, Scope]]":
    from archipel.app.operations.letters import Letters
    from archipel.app.wiring import Node

    with Node.open(Home(home)) as node:
        yield Letters(node.database, node.audit, node.clock, door="cli"), node.office("cli").scope

"""The command that moves a node to larger stores."""

from pathlib import Path
from typing import Annotated

import typer

from archipel.app.cli.console import HomeOption, JsonOption, show
from archipel.app.home import Home


def add_to(command: typer.Typer) -> None:
    """Add this command to the command line."""
    command.command("move-stores")(move_stores)


def move_stores(
    home: HomeOption,
    to: Annotated[
        Path, typer.Option("--to", help="File with [database] and [objects] to move into.")
    ],
    switch: Annotated[
        bool, typer.Option("--switch", help="The node is stopped: copy the rest and change over.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Copy packs to an object store while the node serves; with --switch the rows, and change.

    Run it again after any interruption: it goes on where it was. Nothing of the old stores is
    deleted.

    Example: archipel move-stores --home /srv/archipel --to /etc/archipel/large.toml
    """
    from rich.console import Console
    from rich.progress import Progress

    from archipel.app.moving.move import Move

    move = Move(Home(home), to)
    steps = move.switch() if switch else move.copy_packs()
    with Progress(console=Console(stderr=True), disable=as_json, transient=True) as shown:
        bars = {}
        for step in steps:
            if step.what not in bars:
                bars[step.what] = shown.add_task(step.what, total=None)
            shown.update(bars[step.what], completed=step.done, total=step.total or None)
    told = {
        "packs": move.packs,
        "bytes": move.pack_bytes,
        "tables": move.tables,
        "rows": move.rows,
        "subscribers_again": move.due,
        "switched": switch,
    }
    show([told], as_json=as_json)

"""Commands on what is kept: scrub it, see what is damaged."""

from typing import TYPE_CHECKING, Annotated

import typer

from archipel.app.cli.console import HomeOption, JsonOption, show
from archipel.app.home import Home

if TYPE_CHECKING:
    from archipel.app.keeping.scrubbing import Room
    from archipel.app.wiring import Node
    from archipel.archive.keeping.model import ScrubPass


def add_to(command: typer.Typer) -> None:
    """Add these commands to the command line."""
    command.command("scrub")(scrub)


def scrub(
    home: HomeOption,
    rate: Annotated[
        float, typer.Option("--rate", help="Megabytes a second; 0: as fast as the disk reads.")
    ] = 0.0,
    status: Annotated[
        bool, typer.Option("--status", help="Read nothing: say what the last scrub found.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Re-read all that is kept, name what is damaged, mend it from a second copy.

    What the journal cannot mend, the running node asks other nodes for. Exit 1 while damage is
    open. Example: archipel scrub --home /srv/archipel --rate 50
    """
    from archipel.app.keeping.pace import Pace
    from archipel.app.keeping.scrubbing import room_of
    from archipel.app.keeping.turns import taken
    from archipel.app.wiring import Node

    with Node.open(Home(home)) as node:
        if status:
            room = room_of(node)
        else:
            pace = Pace((rate or 1e6) * 1e6, busy=lambda: False, wait=_wait)
            room = room_of(node, took=pace if rate else lambda _count: None)
            with taken(node.home.run, "scrub"):  # a scheduled scrub waits meanwhile
                _read_all(room, node, quiet=as_json)
        open_damage = room.ledger.open_damage()
        last = room.ledger.last()
        rows = [
            {
                "kind": one.found.kind.value,
                "name": one.found.name,
                "study": one.found.study,
                "instances": one.found.instances,
                "found_at": one.found_at,
                "damage": one.found.detail,
                "tried": one.tried,
                "mended_by": one.mended_by.value if one.mended_by else None,
            }
            for one in room.ledger.latest()
        ]
    if as_json:
        show([{**_figures(last), "open": len(open_damage), "damage": rows}], as_json=True)
    else:
        show([{**_figures(last), "open": len(open_damage)}], as_json=False)
        if rows:
            show(rows, as_json=False)
    if open_damage:
        raise typer.Exit(1)


def _read_all(room: "Room", node: "Node", *, quiet: bool) -> None:
    from rich.console import Console
    from rich.progress import Progress

    from archipel.app.keeping.scrubbing import run_pass

    total = node.totals.totals().instances
    with Progress(console=Console(stderr=True), disable=quiet) as progress:
        task = progress.add_task("Scrubbing", total=total)
        for reached in run_pass(room, room.ledger.begin(now=node.clock(), fresh=True)):
            progress.update(
                task,
                completed=reached.objects,
                description=f"{reached.size_bytes / 1e6:.0f} MB, {reached.damaged} damaged",
            )


def _figures(last: "ScrubPass | None") -> dict[str, object]:
    if last is None:
        return {"scrub": "never"}
    return {
        "began_at": last.began_at,
        "ended_at": last.ended_at,
        "objects": last.objects,
        "bytes": last.size_bytes,
        "damaged": last.damaged,
        "strays": last.strays,
    }


def _wait(seconds: float) -> bool:
    import time

    if seconds:
        time.sleep(seconds)
    return False

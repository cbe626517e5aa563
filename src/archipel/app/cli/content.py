"""Commands on what the archive holds: import, verify, rebuild."""

from collections import deque
from pathlib import Path
from typing import Annotated

import typer

from archipel.app.cli.console import HomeOption, JsonOption, show
from archipel.app.home import Home
from archipel.kernel.errors import NotFound


def add_to(command: typer.Typer) -> None:
    """Add these commands to the command line."""
    command.command("import")(import_files)
    command.command("verify")(verify)
    command.command("conformance")(conformance)


def import_files(
    paths: Annotated[list[Path], typer.Argument(help="Part 10 files, folders, media.")],
    home: HomeOption,
    organisation: Annotated[str, typer.Option("--organisation", help="Whose exams these are.")],
    as_json: JsonOption = False,
) -> None:
    """Take in Part 10 files and DICOMDIR media, with a progress bar; run it again to resume.

    Example: archipel import --home /srv/archipel /media/cdrom --organisation chu-martinique
    """
    from rich.console import Console
    from rich.progress import track

    from archipel.app.media_import import Tally, files, take_in
    from archipel.app.wiring import Node
    from archipel.kernel.identifiers import TenantId

    with Node.open(Home(home)) as node:
        owner = node.organisations.organisation(tenant=TenantId(organisation))
        if owner is None:
            raise NotFound(f"no organisation {organisation}")
        found = files(paths)
        steps = take_in(found, organisation=owner, node=node)
        bar = track(steps, "Importing", len(found), console=Console(stderr=True), disable=as_json)
        tally = deque(bar, maxlen=1).pop() if found else Tally()
    summary = {
        "taken": tally.taken,
        "taken_before": tally.before,
        "not_images": tally.other,
        "refused": len(tally.refused),
    }
    show([summary], as_json=as_json)
    for path, reason in tally.refused:
        typer.echo(f"refused: {path}: {reason}", err=True)
    if tally.refused:
        raise typer.Exit(1)


def verify(
    home: HomeOption,
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Make the index again from packs and journal.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Re-read and re-hash all that is kept; names every damaged object, exit 1 if any.

    Example: archipel verify --home /srv/archipel
    """
    from archipel.app.upkeep import rebuild_index, verify_content
    from archipel.app.wiring import Node

    with Node.open(Home(home)) as node:
        outcome = rebuild_index(node) if rebuild else verify_content(node)
    show([outcome.summary], as_json=as_json)
    for line in outcome.damaged:
        typer.echo(f"damaged: {line}", err=True)
    if outcome.damaged:
        raise typer.Exit(1)


def conformance(home: HomeOption) -> None:
    """Print the DICOM conformance statement (PS3.2) of this node with its settings.

    Example: archipel conformance --home /srv/archipel > conformance.md
    """
    from archipel.app.operations.conformance import statement

    typer.echo(statement(Home(home).settings().dicom), nl=False)

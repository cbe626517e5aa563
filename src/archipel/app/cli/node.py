"""Commands that make, run and watch a node."""

from pathlib import Path
from typing import Annotated

import typer

from archipel.app.cli.console import HomeOption, JsonOption, show
from archipel.app.home import Home


def add_to(command: typer.Typer) -> None:
    """Add these commands to the command line."""
    command.command("init")(init)
    command.command("serve")(serve)
    command.command("status")(status)


def init(
    home: HomeOption,
    name: Annotated[str, typer.Option("--name", help="How the node is called on screens.")],
    community: Annotated[
        str, typer.Option("--community", help="The region it belongs to, such as guyane.")
    ] = "demo",
    database: Annotated[
        str, typer.Option("--database", help="URL of PostgreSQL; without it SQLite in the home.")
    ] = "",
) -> None:
    """Create a node: settings, keys, database, and the first administrator's one-time token.

    Example: archipel init --home /srv/archipel --name "CH de l'Ouest" --community guyane
    """
    from archipel.app.create import create_node

    created = create_node(Home(home), name=name, community=community, database=database)
    typer.echo(f"Node created in {home}")
    typer.echo(f"Organisation: {created.organisation.key} ({created.organisation.name})")
    typer.echo(f"Called AE title: {created.organisation.ae_titles[0]}")
    typer.echo(f"Administrator's one-time token, valid once: {created.token}")


def serve(
    home: HomeOption,
    http: Annotated[str, typer.Option("--http", help="host:port of the web door.")] = "",
    dicom: Annotated[str, typer.Option("--dicom", help="host:port of the DICOM door.")] = "",
) -> None:
    """Run the node until SIGTERM; prints `ready http=... dicom=...` when every door is open.

    Example: archipel serve --home /srv/archipel --http 127.0.0.1:8042 --dicom 127.0.0.1:11112
    """
    from archipel.app.supervisor import Supervisor, overridden

    place = Home(Path(home).resolve())
    settings = overridden(place.settings(), http=http, dicom=dicom)
    Supervisor(place, settings).run()


def status(home: HomeOption, as_json: JsonOption = False) -> None:
    """Show health, queues and disk of a node.

    Example: archipel status --home /srv/archipel --json
    """
    from archipel.app.health import figures, status_of
    from archipel.app.keeping.tiering import told as tiers
    from archipel.app.operations.letters import Letters
    from archipel.app.wiring import Node

    with Node.open(Home(home)) as node:
        told = {**figures(status_of(node)), **{f"tiers_{k}": v for k, v in tiers(node).items()}}
        letters = Letters(node.database, node.audit, node.clock, door="cli")
        stuck = [
            {"work": one.id, "kind": one.kind, "at": one.at, "error": one.reason}
            for one in letters.listed(scope=node.office("cli").scope)
        ]
    if as_json:
        show([{**told, "stuck": stuck}], as_json=True)
        return
    show([{"": k, " ": v} for k, v in told.items()], as_json=False)
    if stuck:
        typer.echo("\nstuck work, see `archipel work`:")
        show(stuck, as_json=False)

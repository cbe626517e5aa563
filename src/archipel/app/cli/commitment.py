"""Commands on storage commitment: who answers for the safekeeping of what (PS3.4 Annex J)."""

from typing import Annotated

import typer

from archipel.app.cli.console import HomeOption, JsonOption, show
from archipel.app.home import Home
from archipel.kernel.errors import NotFound

commitments = typer.Typer(help="Storage commitment, both ways.", no_args_is_help=True)


def add_to(command: typer.Typer) -> None:
    """Add these commands to the command line."""
    command.add_typer(commitments, name="commitment")


@commitments.command("list")
def list_commitments(
    home: HomeOption,
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many.")] = 100,
    as_json: JsonOption = False,
) -> None:
    """List transactions, newest first. Example: archipel commitment list --home /srv/archipel."""
    from archipel.app.wiring import Node

    with Node.open(Home(home)) as node:
        found = node.commitments.latest(scope=node.office("cli").scope, limit=limit)
    show(
        [
            {
                "asked_at": one.asked_at.isoformat(timespec="seconds"),
                "asked_by": one.key.peer.value if one.key.asker.value != "us" else one.own.value,
                "keeper": one.own.value if one.key.asker.value != "us" else one.key.peer.value,
                "organisation": one.key.tenant.value,
                "transaction": one.key.transaction.value,
                "instances": len(one.references),
                "committed": len(one.committed) if one.decided_at else None,
                "reasons": " ".join(sorted({f"{r:04X}" for r in one.failed.values()})),
                "told": one.told_at is not None,
            }
            for one in found
        ],
        as_json=as_json,
    )


@commitments.command("ask")
def ask(
    peer: Annotated[str, typer.Argument(help="AE title of the device that is to keep it.")],
    home: HomeOption,
    organisation: Annotated[str, typer.Option("--organisation", help="Key of the organisation.")],
    study: Annotated[str, typer.Option("--study", help="Study Instance UID.")],
) -> None:
    """Ask a device to answer for a study that it was sent; `list` shows what it says.

    Example: archipel commitment ask --home /srv/archipel PACS2 --organisation chu-martinique
    --study 1.2.3
    """
    from archipel.app.operations.commitments import ask_for
    from archipel.app.wiring import Node
    from archipel.kernel.aetitle import AETitle
    from archipel.kernel.identifiers import TenantId
    from archipel.kernel.uid import Uid

    with Node.open(Home(home)) as node:
        device = node.devices.device(AETitle.parse(peer), tenant=TenantId(organisation))
        if device is None:
            raise NotFound(f"{organisation} knows no device {peer}")
        made = ask_for(node, device, Uid.parse(study), now=node.clock())
    typer.echo(f"{len(made.references)} instances, transaction {made.key.transaction}")

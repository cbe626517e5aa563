"""Commands on the archipelago: invite, join, agree, revoke, list."""

from typing import Annotated

import typer

from archipel.app.cli.console import HomeOption, JsonOption, show
from archipel.app.home import Home

archipelago = typer.Typer(help="Other nodes: the archipelago.", no_args_is_help=True)


def add_to(command: typer.Typer) -> None:
    """Add these commands to the command line."""
    command.add_typer(archipelago, name="peer")


@archipelago.command("invite")
def invite(
    home: HomeOption,
    name: Annotated[
        str, typer.Option("--node", help="Short name of the node that may use it.")
    ] = "",
    organisations: Annotated[
        str,
        typer.Option(
            "--organisations",
            help="What it may speak for, as ch-nord,ch-sud; empty: its own that nobody has.",
        ),
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """Print a one-time token that lets one node in, for one hour.

    Example: archipel peer invite --home /srv/archipel --node gp --organisations ch-gp
    """
    from archipel.app import archipelago as office
    from archipel.app.wiring import Node
    from archipel.exchange.model import NodeName
    from archipel.kernel.identifiers import TenantId

    named = frozenset(TenantId(one.strip()) for one in organisations.split(",") if one.strip())
    with Node.open(Home(home)) as node:
        invited = office.invite(
            node, NodeName(name) if name else None, by="cli", organisations=named or None
        )
    if as_json:
        row = {
            "url": invited.url,
            "token": str(invited.token),
            "expires_at": invited.expires_at.isoformat(timespec="seconds"),
        }
        show([row], as_json=True)
        return
    typer.echo("On the node that joins, within an hour:")
    typer.echo(f"archipel peer join --home DIR {invited.url} --token {invited.token}")


@archipelago.command("join")
def join(
    url: Annotated[str, typer.Argument(help="Address of the peer door of the other node.")],
    home: HomeOption,
    token: Annotated[str, typer.Option("--token", help="As `peer invite` printed it.")],
    as_json: JsonOption = False,
) -> None:
    """Enter an archipelago by a one-time token.

    Example: archipel peer join --home /srv/archipel https://mq.example:8443 --token arch1....
    """
    from archipel.app import archipelago as office
    from archipel.app.wiring import Node
    from archipel.exchange.trust.tokens import Token

    with Node.open(Home(home)) as node:
        keeper = office.join(node, url, Token.parse(token), by="cli")
        name = office.own_name(node)
    if as_json:
        show([{"node": name.value, "keeper": keeper.name.value}], as_json=True)
        return
    typer.echo(f"{name} is in the archipelago of {keeper.name}; nothing is shared yet:")
    typer.echo(f"see archipel peer agree --home {home} {keeper.name} --organisation KEY --may ...")


@archipelago.command("list")
def list_peers(home: HomeOption, as_json: JsonOption = False) -> None:
    """List the other nodes and how each is reached.

    Example: archipel peer list --home /srv/archipel --json
    """
    from archipel.app import archipelago as office
    from archipel.app.wiring import Node

    with Node.open(Home(home)) as node:
        show(office.rows(node), as_json=as_json)


@archipelago.command("agree")
def agree(
    name: Annotated[str, typer.Argument(help="Short name of the peer.")],
    home: HomeOption,
    organisation: Annotated[str, typer.Option("--organisation", help="Key of ours.")],
    may: Annotated[
        str, typer.Option("--may", help="query,read,request,report; empty: nothing any more.")
    ],
    purpose: Annotated[
        str, typer.Option("--purpose", help="TREAT, ETREAT (emergency), HQUALIMP (quality).")
    ] = "TREAT,ETREAT",
    as_json: JsonOption = False,
) -> None:
    """Say what a peer may know and do of an organisation's things, and for which purpose.

    Example: archipel peer agree --home /srv/archipel mq --organisation ch-ouest
    --may query,read,request,report
    """
    from archipel.app import archipelago as office
    from archipel.app.wiring import Node
    from archipel.exchange.model import NodeName
    from archipel.kernel.identifiers import TenantId

    with Node.open(Home(home)) as node:
        agreed = office.agree(
            node,
            NodeName(name),
            TenantId(organisation),
            may=office.capabilities_of(may),
            purposes=office.purposes_of(purpose),
            by="cli",
        )
    row = {
        "peer": agreed.peer.value,
        "organisation": agreed.tenant.value,
        "may": ",".join(sorted(one.value for one in agreed.capabilities)),
        "purposes": ",".join(sorted(one.value for one in agreed.purposes)),
    }
    show([row], as_json=as_json)


@archipelago.command("home")
def settle(
    name: Annotated[str, typer.Argument(help="Short name of the node, perhaps this one.")],
    home: HomeOption,
    organisation: Annotated[str, typer.Option("--organisation", help="Its key.")],
    as_json: JsonOption = False,
) -> None:
    """Say that an organisation is at home on a node: only where the authority is kept.

    Example: archipel peer home --home /srv/archipel gp --organisation ch-neuf
    """
    from archipel.app import archipelago as office
    from archipel.app.wiring import Node
    from archipel.exchange.model import NodeName
    from archipel.kernel.identifiers import TenantId

    with Node.open(Home(home)) as node:
        office.settle(node, NodeName(name), TenantId(organisation), by="cli")
    show([{"node": name, "home_of": organisation}], as_json=as_json)


@archipelago.command("recall")
def recall(
    home: HomeOption,
    organisation: Annotated[str, typer.Option("--organisation", help="Key of ours: its owner.")],
    study: Annotated[str, typer.Option("--study", help="Its Study Instance UID.")],
    reason: Annotated[str, typer.Option("--reason", help="For the audit and the others.")],
    as_json: JsonOption = False,
) -> None:
    """Call a study of ours back: every other node hides it, and fetches it no more.

    Example: archipel peer recall --home /srv/archipel --organisation ch-gp --study 1.2.3
    --reason "wrong patient"
    """
    from archipel.app import archipelago as office
    from archipel.app.wiring import Node
    from archipel.archive.model import StudyKey
    from archipel.kernel.identifiers import TenantId
    from archipel.kernel.uid import Uid

    with Node.open(Home(home)) as node:
        office.recall(node, StudyKey(TenantId(organisation), Uid(study)), reason=reason, by="cli")
    show([{"study": study, "recalled": True}], as_json=as_json)


@archipelago.command("restored")
def restored(home: HomeOption, as_json: JsonOption = False) -> None:
    """Say that this home was restored from a backup, before the node is started again.

    Example: archipel peer restored --home /srv/archipel
    """
    from archipel.app import archipelago as office
    from archipel.app.wiring import Node

    with Node.open(Home(home)) as node:
        log = office.restored(node, by="cli")
    show([{"writes_in": str(log)}], as_json=as_json)


@archipelago.command("revoke")
def revoke(
    name: Annotated[str, typer.Argument(help="Short name of the peer.")],
    home: HomeOption,
    reason: Annotated[str, typer.Option("--reason", help="For the audit and the others.")] = "",
    as_json: JsonOption = False,
) -> None:
    """Let a peer in no more, at once; its open connections are closed within five seconds.

    Example: archipel peer revoke --home /srv/archipel gf --reason "machine stolen"
    """
    from archipel.app import archipelago as office
    from archipel.app.wiring import Node
    from archipel.exchange.model import NodeName

    with Node.open(Home(home)) as node:
        office.revoke(node, NodeName(name), reason=reason, by="cli")
    if as_json:
        show([{"peer": name, "standing": "revoked"}], as_json=True)
        return
    typer.echo(f"{name} is revoked")

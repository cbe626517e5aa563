"""Commands on HL7: which systems may send, what they sent, and what is done once more."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from archipel.app.cli.console import HomeOption, JsonOption, show
from archipel.app.home import Home
from archipel.kernel.errors import Malformed, NotFound

if TYPE_CHECKING:
    from archipel.app.hl7.desk import Desk
    from archipel.app.wiring import Node

hl7 = typer.Typer(help="HL7 messages: who sends, what came, what is stuck.", no_args_is_help=True)
sites = typer.Typer(help="The systems that may send messages.", no_args_is_help=True)
hl7.add_typer(sites, name="site")

Number = Annotated[int, typer.Argument(help="As `archipel hl7 list` numbers it.")]


def add_to(command: typer.Typer) -> None:
    """Add these commands to the command line."""
    command.add_typer(hl7, name="hl7")


@sites.command("add")
def add_site(
    name: Annotated[str, typer.Argument(help="How it is called here.")],
    home: HomeOption,
    organisation: Annotated[str, typer.Option("--organisation", help="For which it speaks.")],
    sender: Annotated[
        str, typer.Option("--sender", help="MSH-3|MSH-4, one of which may be empty: any.")
    ] = "",
    host: Annotated[str, typer.Option("--host", help="Its address; empty: any.")] = "",
    setting: Annotated[
        list[str] | None,
        typer.Option("--set", help="time-zone=, character-set= or processing=, several may be."),
    ] = None,
    rename: Annotated[
        list[str] | None, typer.Option("--rename", help="An authority: theirs=ours.")
    ] = None,
) -> None:
    """Let a system send messages for an organisation, or change how it is known.

    Example: archipel hl7 site add ris --home /srv/archipel --organisation chu-martinique
    --sender "RIS|CHU" --set time-zone=America/Martinique --rename CHU=CHU-MQ
    """
    from archipel.app.hl7.desk import site_of

    with _node(home) as (node, desk):
        site = site_of(
            node,
            name,
            organisation=organisation,
            sender=(*_sender(sender), host),
            settings=dict(_pair(one) for one in setting or ()),
            renames=tuple(_pair(one) for one in rename or ()),
        )
        desk.put_site(site)
    typer.echo(f"{name} may send for {organisation}; a running node knows in two seconds")


@sites.command("list")
def list_sites(home: HomeOption, as_json: JsonOption = False) -> None:
    """List the systems that may send. Example: archipel hl7 site list --home /srv/archipel."""
    with _node(home) as (node, desk):
        rows = [
            {
                "name": one.name,
                "organisation": one.tenant.value,
                "application": one.application or "any",
                "facility": one.facility or "any",
                "host": one.host or "any",
                "processing": one.processing,
            }
            for one in node.sites.within(desk.scope)
        ]
    show(rows, as_json=as_json)


@sites.command("remove")
def remove_site(name: str, home: HomeOption) -> None:
    """Let a system send no more. Example: archipel hl7 site remove ris --home /srv/archipel."""
    with _node(home) as (_, desk):
        desk.remove_site(name)
    typer.echo("removed")


@hl7.command("list")
def list_messages(
    home: HomeOption,
    state: Annotated[
        list[str] | None,
        typer.Option(
            "--state",
            help="acted-upon, not-acted-upon, refused, dead, clashed or dropped; several may be.",
        ),
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000)] = 50,
    as_json: JsonOption = False,
) -> None:
    """List messages, newest first.

    Example: archipel hl7 list --home /srv/archipel --state dead
    """
    from archipel.orders.model import MessageState

    known = {one.value: one for one in MessageState}
    if unknown := set(state or ()) - set(known):
        raise Malformed(f"no such state: {', '.join(sorted(unknown))}")
    with _node(home) as (node, desk):
        found = node.messages.listed(
            scope=desk.scope, states=frozenset(known[one] for one in state or ()), limit=limit
        )
    rows = [
        {
            "number": one.id,
            "received": one.received_at.isoformat(timespec="seconds"),
            "organisation": one.tenant.value,
            "site": one.site,
            "kind": one.kind,
            "control_id": one.control_id,
            "state": one.state.value,
            "reason": one.reason,
        }
        for one in found
    ]
    show(rows, as_json=as_json)


@hl7.command("show")
def show_message(number: Number, home: HomeOption) -> None:
    """Print a message and what it was answered; audited: it names a patient.

    Example: archipel hl7 show 1207 --home /srv/archipel
    """
    with _node(home) as (_, desk):
        found = desk.read(number)
    for part in (found.body, *found.answers):
        typer.echo(part.decode("utf-8", "replace").replace("\r", "\n"))
    typer.echo(f"{found.state.value} {found.reason}".strip())


@hl7.command("replay")
def replay_message(number: Number, home: HomeOption) -> None:
    """Do once more what a message asks for, with the sites as they are now; audited.

    Example: archipel hl7 replay 1207 --home /srv/archipel
    """
    with _node(home) as (_, desk):
        found = desk.replay(number)
    typer.echo(f"{found.state.value} {found.reason}".strip())


@hl7.command("drop")
def drop_message(
    number: Number,
    home: HomeOption,
    reason: Annotated[str, typer.Option("--reason", help="Why it may stay undone.")],
) -> None:
    """Decide that nothing is done of a message; it stays kept; audited.

    Example: archipel hl7 drop 1207 --home /srv/archipel --reason "sent again by hand"
    """
    with _node(home) as (_, desk):
        desk.drop(number, reason=reason)
    typer.echo(f"{number} is dropped")


@hl7.command("send")
def send_file(
    file: Annotated[Path, typer.Argument(help="One message, as it is to be sent.")],
    to: Annotated[str, typer.Option("--to", help="host:port of the receiver.")],
) -> None:
    """Send one message from a file to a system, in clear, and print what it answers.

    Example: archipel hl7 send order.hl7 --to 127.0.0.1:2575
    """
    from archipel.app.settings import host_and_port
    from archipel.protocols.mllp.user import Receiver, Sender
    from archipel.standards.hl7v2.message import write

    if not file.is_file():
        raise NotFound(f"no such file: {file}")
    host, port = host_and_port(to)
    with Sender(Receiver(host=host, port=port)) as sender:
        for answer in sender.send(file.read_bytes()):
            typer.echo(write(answer).decode("utf-8", "replace").replace("\r", "\n"))


def _sender(text: str) -> tuple[str, str]:
    application, _, facility = text.partition("|")
    return application.strip(), facility.strip()


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals and value):
        raise Malformed(f"name=value, such as CHU=CHU-MQ or time-zone=America/Cayenne: {text!r}")
    return name, value


@contextmanager
def _node(home: Path) -> "Iterator[tuple[Node, Desk]]":
    from archipel.app.hl7.desk import Desk
    from archipel.app.wiring import Node

    with Node.open(Home(home)) as node:
        yield node, Desk(node=node, scope=node.office("cli").scope, door="cli")

"""Commands on organisations, DICOM peers, people and tokens."""

import hashlib
import ssl
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from archipel.app.cli.console import HomeOption, JsonOption, show
from archipel.app.home import Home
from archipel.app.settings import host_and_port
from archipel.kernel.errors import Malformed

T = TypeVar("T")

organisations = typer.Typer(help="Organisations: the tenants of this node.", no_args_is_help=True)
devices = typer.Typer(help="DICOM peers: who may knock, and where they listen.")
people = typer.Typer(help="People and their roles.", no_args_is_help=True)
tokens = typer.Typer(help="Bearer tokens of machine clients.", no_args_is_help=True)


def add_to(command: typer.Typer) -> None:
    """Add these commands to the command line."""
    command.add_typer(organisations, name="organisation")
    command.add_typer(devices, name="ae", no_args_is_help=True)
    command.add_typer(people, name="user")
    command.add_typer(tokens, name="token")


@organisations.command("add")
def add_organisation(
    key: str,
    home: HomeOption,
    name: Annotated[str, typer.Option("--name", help="As people call it.")],
    finess: Annotated[str | None, typer.Option("--finess", help="FINESS number.")] = None,
    issuer: Annotated[
        str | None, typer.Option("--issuer", help="Who issues its patient identifiers.")
    ] = None,
    ae_title: Annotated[
        list[str] | None, typer.Option("--ae-title", help="Called AE title; may be repeated.")
    ] = None,
) -> None:
    """Add a tenant with the issuer of its patient identifiers.

    Example: archipel organisation add --home /srv/archipel chu-martinique
    --name "CHU de Martinique" --finess 970211207 --issuer 1.2.250.1.71.4.2.7
    """
    from dataclasses import replace

    from archipel.access import enrol
    from archipel.app.wiring import Node
    from archipel.kernel.aetitle import AETitle

    with Node.open(Home(home)) as node:
        wanted = enrol.organisation_from(key, name, issuer=issuer, finess=finess)
        if ae_title:
            wanted = replace(wanted, ae_titles=tuple(AETitle.parse(t) for t in ae_title))
        made = enrol.add_organisation(wanted, office=node.office("cli"), now=node.clock())
    titles = ", ".join(title.value for title in made.ae_titles)
    typer.echo(f"{made.key} answers to the called AE title {titles}")


@organisations.command("list")
def list_organisations(home: HomeOption, as_json: JsonOption = False) -> None:
    """List the organisations. Example: archipel organisation list --home /srv/archipel."""
    from archipel.app.wiring import Node

    with Node.open(Home(home)) as node:
        held = node.organisations.within(node.office("cli").scope)
    show(
        [
            {
                "key": o.key.value,
                "name": o.name,
                "issuer": o.issuer.namespace,
                "finess": o.finess,
                "ae_titles": " ".join(t.value for t in o.ae_titles),
            }
            for o in held
        ],
        as_json=as_json,
    )


@devices.command("add")
def add_device(
    ae_title: str,
    home: HomeOption,
    organisation: Annotated[str, typer.Option("--organisation", help="Key of the organisation.")],
    address: Annotated[str, typer.Option("--address", help="host:port where it listens.")] = "",
    may: Annotated[
        str, typer.Option("--may", help="What it may do: store,find,move,get.")
    ] = "store,find,move,get",
    duties: Annotated[
        str,
        typer.Option("--duties", help="Unasked: commit (after a C-MOVE), announce, compress."),
    ] = "",
    certificate: Annotated[
        Path | None, typer.Option("--certificate", help="PEM file: TLS only, with this one.")
    ] = None,
) -> None:
    """Register a DICOM peer.

    Example: archipel ae add --home /srv/archipel CT1 --organisation chu-martinique --may store
    """
    from archipel.access import enrol
    from archipel.access.model import Device, Duty, Service
    from archipel.app.wiring import Node
    from archipel.kernel.aetitle import AETitle
    from archipel.kernel.identifiers import TenantId

    host, port = host_and_port(address) if address else (None, None)
    device = Device(
        ae_title=AETitle.parse(ae_title),
        tenant=TenantId(organisation),
        host=host,
        port=port,
        may=_named("--may", may, {one.value: one for one in Service}),
        duties=_named("--duties", duties, {one.value: one for one in Duty}),
        certificate=fingerprint(certificate) if certificate else None,
    )
    with Node.open(Home(home)) as node:
        enrol.register_device(device, office=node.office("cli"), now=node.clock())
    granted = ", ".join(sorted(one.value for one in device.may)) or "do nothing"
    typer.echo(f"{device.ae_title} may {granted} for {organisation}")


def _named(option: str, words: str, known: Mapping[str, T]) -> frozenset[T]:
    asked = [word.strip() for word in words.split(",") if word.strip()]
    if unknown := [word for word in asked if word not in known]:
        raise Malformed(f"{option}: unknown: {', '.join(unknown)}; known: {', '.join(known)}")
    return frozenset(known[word] for word in asked)


def fingerprint(pem: Path) -> str:
    """Return the SHA-256 fingerprint of a PEM file's first certificate. Raises `Malformed`."""
    try:
        text = pem.read_text("ascii", "replace")
        begin = text.index("-----BEGIN CERTIFICATE-----")
        end = text.index("-----END CERTIFICATE-----") + len("-----END CERTIFICATE-----")
        return hashlib.sha256(ssl.PEM_cert_to_DER_cert(text[begin:end])).hexdigest()
    except (OSError, ValueError) as error:
        raise Malformed(f"{pem}: no certificate in PEM form: {error}") from error


@devices.command("list")
def list_devices(home: HomeOption, as_json: JsonOption = False) -> None:
    """List known peers. Example: archipel ae list --home /srv/archipel --json."""
    from archipel.app.wiring import Node

    with Node.open(Home(home)) as node:
        held = node.organisations.devices(scope=node.office("cli").scope)
    show(
        [
            {
                "ae_title": d.ae_title.value,
                "organisation": d.tenant.value,
                "address": f"{d.host}:{d.port}" if d.host else None,
                "may": ",".join(sorted(s.value for s in d.may)),
                "duties": ",".join(sorted(s.value for s in d.duties)),
                "certificate": d.certificate,
            }
            for d in held
        ],
        as_json=as_json,
    )


@devices.command("unknown")
def list_unknown(home: HomeOption, as_json: JsonOption = False) -> None:
    """List callers that were refused. Example: archipel ae unknown --home /srv/archipel."""
    from archipel.app.wiring import Node

    with Node.open(Home(home)) as node:
        held = node.organisations.callers(scope=node.office("cli").scope, nobodys=True)
    show(
        [
            {
                "calling": c.calling.value,
                "called": c.called.value,
                "host": c.host,
                "last_seen": c.last_seen.isoformat(timespec="seconds"),
                "knocks": c.knocks,
            }
            for c in held
        ],
        as_json=as_json,
    )


@people.command("add")
def add_person(
    login: str,
    home: HomeOption,
    organisation: Annotated[str, typer.Option("--organisation", help="Key of the organisation.")],
    role: Annotated[str, typer.Option("--role", help="radiologist, technologist, ...")],
    name: Annotated[str, typer.Option("--name", help="As shown on screens.")] = "",
    rpps: Annotated[
        str, typer.Option("--rpps", help="Number in the register of health professionals.")
    ] = "",
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input.")
    ] = False,
) -> None:
    """Add a person; without --password-stdin a one-time token is printed.

    Example: archipel user add --home /srv/archipel a.bellegarde --organisation chu-martinique
    --role radiologist --name "Dr A. Bellegarde"
    """
    from archipel.access import enrol
    from archipel.access.model import Person, Role
    from archipel.app.wiring import Node
    from archipel.kernel.identifiers import TenantId

    roles = {known.value: known for known in Role}
    if role not in roles:
        raise Malformed(f"--role: no such role: {role}; known: {', '.join(roles)}")
    person = Person(
        login=login,
        name=name or login,
        tenant=TenantId(organisation),
        role=roles[role],
        rpps=rpps or None,
    )
    with Node.open(Home(home)) as node:
        office, now = node.office("cli"), node.clock()
        if password_stdin:
            password = sys.stdin.readline().rstrip("\n")
            enrol.add_person_with_password(person, password, office=office, now=now)
            typer.echo(f"{login} may sign in")
            return
        token, invitation = enrol.add_person(person, office=office, now=now)
    typer.echo(f"One-time token of {login}, until {invitation.expires_at:%Y-%m-%d}: {token}")


@people.command("list")
def list_people(home: HomeOption, as_json: JsonOption = False) -> None:
    """List the accounts. Example: archipel user list --home /srv/archipel."""
    from archipel.app.wiring import Node

    with Node.open(Home(home)) as node:
        held = node.accounts.accounts(scope=node.office("cli").scope)
    show(
        [
            {
                "login": a.person.login,
                "name": a.person.name,
                "organisation": a.person.tenant.value,
                "role": a.person.role.value,
                "active": a.active,
            }
            for a in held
        ],
        as_json=as_json,
    )


@tokens.command("create")
def create_token(
    home: HomeOption,
    user: Annotated[str, typer.Option("--user", help="Login it acts as.")],
    days: Annotated[int, typer.Option("--days", min=1, help="How long it lasts.")] = 90,
    label: Annotated[str, typer.Option("--label", help="What it is for.")] = "command line",
) -> None:
    """Print a bearer token for machine clients, once.

    Example: archipel token create --home /srv/archipel --user gateway --days 30
    """
    from archipel.access import enrol
    from archipel.app.wiring import Node

    with Node.open(Home(home)) as node:
        secret, _ = enrol.create_token(
            user, label, days=days, office=node.office("cli"), now=node.clock()
        )
    typer.echo(secret)

"""Commands on agreements for reading: whom an organisation may ask."""

from collections.abc import Iterable, Mapping
from datetime import time, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from archipel.app.cli.console import HomeOption, JsonOption, show
from archipel.app.home import Home

if TYPE_CHECKING:
    from archipel.app.wiring import Node
    from archipel.reading.model import Urgency
    from archipel.reading.request.agree import Desk
    from archipel.reading.request.model import Agreement, Level, Site

agreements = typer.Typer(
    help="Agreements for reading: whom an organisation may ask.", no_args_is_help=True
)
AskingOption = Annotated[str, typer.Option("--asking", help="Key of the organisation of ours.")]


def add_to(command: typer.Typer) -> None:
    """Add these commands to the command line."""
    command.add_typer(agreements, name="agreement")


@agreements.command("add")
def add_agreement(
    key: Annotated[str, typer.Argument(help="A short name for it, such as chu-night.")],
    home: HomeOption,
    asking: AskingOption,
    partner: Annotated[
        str, typer.Option("--partner", help="KEY here, or KEY@NODE:NAME on another node.")
    ],
    level: Annotated[
        str, typer.Option("--level", help="on-site, region, sister-region or mainland.")
    ],
    modality: Annotated[
        list[str] | None, typer.Option("--modality", help="Only this one; may be repeated.")
    ] = None,
    hours: Annotated[
        str, typer.Option("--hours", help="HH:MM-HH:MM of the partner's day; else always.")
    ] = "",
    time_zone: Annotated[str, typer.Option("--time-zone", help="The partner's.")] = "UTC",
    delay: Annotated[
        list[str] | None,
        typer.Option("--delay", help="Promised minutes, as stat=15; may be repeated."),
    ] = None,
    phone: Annotated[str, typer.Option("--phone", help="The reader on call.")] = "",
    relief: Annotated[
        list[str] | None, typer.Option("--relief", help="Who stands in; as --partner.")
    ] = None,
) -> None:
    """Make an agreement, or replace the one of this key.

    Example: archipel agreement add --home /srv/archipel chu-night --asking ch-ouest
    --partner "chu-martinique@mq:CHU de Martinique" --level sister-region --modality CT
    --hours 18:00-08:00 --time-zone America/Martinique --phone "0596 55 20 00"
    """
    from archipel.app.wiring import Node
    from archipel.kernel.identifiers import TenantId
    from archipel.reading.request import agree
    from archipel.reading.request.model import Agreement, Hours

    with Node.open(Home(home)) as node:
        since, until = _hours(hours)
        drawn = Agreement(
            key=key,
            asking=TenantId(asking),
            partner=_site(partner, node),
            level=_level(level),
            modalities=frozenset(one.upper() for one in modality or ()),
            hours=Hours(since=since, until=until),
            time_zone=time_zone,
            delays=_delays(delay or ()),
            phone=phone,
            relief=tuple(_site(one, node) for one in relief or ()),
        )
        agree.keep(drawn, desk=_desk(node), now=node.clock())
        unheard = _unheard(drawn, node)
    typer.echo(f"{asking} may ask {drawn.partner.tenant} at {drawn.partner.node}")
    for name in unheard:
        typer.echo(
            f"{name} is not told of requests yet: archipel peer agree --home {home} {name} "
            f"--organisation {asking} --may query,read,request,report"
        )


@agreements.command("list")
def list_agreements(home: HomeOption, as_json: JsonOption = False) -> None:
    """List the agreements. Example: archipel agreement list --home /srv/archipel --json."""
    from archipel.app.wiring import Node

    with Node.open(Home(home)) as node:
        desk, now = _desk(node), node.clock()
        held = [
            one
            for tenant in sorted(desk.scope.tenants)
            for one in desk.agreements.of(tenant, scope=desk.scope)
        ]
    show(
        [
            {
                "key": one.key,
                "asking": one.asking.value,
                "partner": one.partner.tenant.value,
                "node": one.partner.node,
                "level": one.level.name.lower().replace("_", "-"),
                "modalities": " ".join(sorted(one.modalities)) or None,
                "phone": one.phone or None,
                "ended": one.ends is not None and one.ends <= now,
            }
            for one in held
        ],
        as_json=as_json,
    )


@agreements.command("end")
def end_agreement(key: str, home: HomeOption, asking: AskingOption) -> None:
    """End an agreement now; requests made under it go on.

    Example: archipel agreement end --home /srv/archipel chu-night --asking ch-ouest
    """
    from archipel.app.wiring import Node
    from archipel.kernel.identifiers import TenantId
    from archipel.reading.request import agree

    with Node.open(Home(home)) as node:
        agree.end(TenantId(asking), key, desk=_desk(node), now=node.clock())
    typer.echo(f"agreement {key} has ended")


def _desk(node: "Node") -> "Desk":
    from archipel.reading.request.agree import Desk

    scope = node.office("cli").scope
    return Desk(agreements=node.reading_agreements, audit=node.audit, scope=scope, door="cli")


def _site(text: str, node: "Node") -> "Site":
    """Read KEY or KEY@NODE:NAME. Raises `Malformed`, `NotFound`."""
    from archipel.app.peer_keys import name_of
    from archipel.exchange.model import NodeName
    from archipel.kernel.errors import Malformed, NotFound
    from archipel.kernel.identifiers import TenantId
    from archipel.reading.request.model import Site

    key, at, rest = text.partition("@")
    named, _, name = rest.partition(":")
    tenant, own = TenantId(key), name_of(node.settings).value
    if at and named != own:
        if not name:
            raise Malformed(f"an organisation of another node is KEY@NODE:NAME: {text[:80]!r}")
        return Site(tenant, NodeName(named).value, name)
    held = node.organisations.organisation(tenant=tenant)
    if held is None:
        raise NotFound(f"no organisation {tenant} is at home here: write KEY@NODE:NAME")
    return Site(tenant, own, held.name)


def _level(text: str) -> "Level":
    from archipel.kernel.errors import Malformed
    from archipel.reading.request.model import Level

    known = {one.name.lower().replace("_", "-"): one for one in Level}
    if text not in known:
        raise Malformed(f"--level: no such level: {text[:40]}; known: {', '.join(known)}")
    return known[text]


def _hours(text: str) -> tuple[time, time]:
    from archipel.kernel.errors import Malformed

    since, _, until = (text or "00:00-00:00").partition("-")
    try:
        return time.fromisoformat(since), time.fromisoformat(until)
    except ValueError:
        raise Malformed(f"--hours: write HH:MM-HH:MM, not {text[:40]!r}") from None


def _delays(words: Iterable[str]) -> "Mapping[Urgency, timedelta] | None":
    from archipel.kernel.errors import Malformed
    from archipel.reading.model import Urgency

    found = {}
    for word in words:
        name, _, minutes = word.partition("=")
        if name.upper() not in Urgency.__members__ or not minutes.isdecimal():
            raise Malformed(f"--delay: write stat=15 (minutes), not {word[:40]!r}")
        found[Urgency[name.upper()]] = timedelta(minutes=int(minutes))
    return found or None


def _unheard(drawn: "Agreement", node: "Node") -> list[str]:
    """Name the nodes of the agreement that are not told of this organisation's requests."""
    from archipel.app.peer_keys import name_of
    from archipel.exchange.model import Capability

    needed = {Capability.READ, Capability.REQUEST, Capability.REPORT}
    told = {
        one.peer.value
        for one in node.peers.agreements()
        if one.tenant == drawn.asking and needed <= one.capabilities
    }
    own = name_of(node.settings).value
    return sorted({one.node for one in (drawn.partner, *drawn.relief)} - told - {own})

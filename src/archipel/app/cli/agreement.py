"""Commands on agreements for reading: whom an organisation may ask."""

from collections.abc import Iterable, Mapping, Sequence
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
_URGENCIES = ("stat", "urgent", "inpatient", "routine")


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
    term: Annotated[
        list[str] | None,
        typer.Option("--term", help="NAME=VALUE, see below; may be repeated."),
    ] = None,
) -> None:
    """Make an agreement, or replace the one of this key.

    Terms: modality=CT (only these), hours=18:00-08:00, zone=America/Martinique, stat=15 (promised
    minutes; also urgent, inpatient, routine), phone=0596552000, relief=KEY (who stands in).

    Example: archipel agreement add --home /srv/archipel chu-night --asking ch-ouest
    --partner "chu-martinique@mq:CHU de Martinique" --level sister-region --term modality=CT
    --term hours=18:00-08:00 --term zone=America/Martinique
    """
    from archipel.app.wiring import Node
    from archipel.kernel.identifiers import TenantId
    from archipel.reading.request import agree
    from archipel.reading.request.model import Agreement, Hours

    with Node.open(Home(home)) as node:
        terms = _terms(term or ())
        since, until = _hours("".join(terms["hours"]))
        drawn = Agreement(
            key=key,
            asking=TenantId(asking),
            partner=_site(partner, node),
            level=_level(level),
            modalities=frozenset(one.upper() for one in terms["modality"]),
            hours=Hours(since=since, until=until),
            time_zone="".join(terms["zone"]) or "UTC",
            delays=_delays(terms),
            phone="".join(terms["phone"]),
            relief=tuple(_site(one, node) for one in terms["relief"]),
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
        raise Malformed(f"--term hours: write HH:MM-HH:MM, not {text[:40]!r}") from None


def _terms(words: Iterable[str]) -> dict[str, list[str]]:
    from archipel.kernel.errors import Malformed

    once = ("hours", "zone", "phone", *_URGENCIES)
    found: dict[str, list[str]] = {name: [] for name in (*once, "modality", "relief")}
    for word in words:
        name, _, value = word.partition("=")
        if name not in found or not value or (name in once and found[name]):
            raise Malformed(f"--term: write NAME=VALUE once, of {', '.join(found)}: {word[:60]!r}")
        found[name].append(value)
    return found


def _delays(terms: Mapping[str, Sequence[str]]) -> "Mapping[Urgency, timedelta] | None":
    from archipel.kernel.errors import Malformed
    from archipel.reading.model import Urgency

    found = {}
    for name in _URGENCIES:
        for minutes in terms[name]:
            if not minutes.isdecimal():
                raise Malformed(f"--term {name}: a number of minutes, not {minutes[:40]!r}")
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

"""What an administrator does with the archipelago: begin it, enter it, agree, revoke, look.

Each change is a row of the audit in the transaction that makes it.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from archipel.access.model import Action, AuditEntry
from archipel.app.peer_keys import PeerKeys, name_of
from archipel.app.wiring import Node
from archipel.archive.model import StudyKey
from archipel.exchange.errors import NotEnrolled
from archipel.exchange.model import (
    Agreement,
    Author,
    Capability,
    LogName,
    NodeName,
    Peer,
    Purpose,
    Standing,
)
from archipel.exchange.trust import certificates, tokens
from archipel.exchange.trust.tokens import Token
from archipel.kernel.actors import Actor, ActorKind
from archipel.kernel.errors import Conflict, Malformed, NotFound
from archipel.kernel.identifiers import TenantId
from archipel.protocols.peer import joining
from archipel.stores.sql import audit, facts, peers
from archipel.stores.sql.peering import homes

LINKS_FILE = "links.json"
DOOR = "cli"


@dataclass(frozen=True, slots=True)
class Invited:
    """What the administrator carries to the other node. The token is shown once."""

    token: Token
    url: str
    expires_at: datetime


def invite(
    node: Node,
    name: NodeName | None,
    *,
    by: str,
    organisations: frozenset[TenantId] | None = None,
) -> Invited:
    """Make a one-time token; the first one begins the archipelago.

    `organisations` are those the new node may be the home of; None: those it states itself,
    unless they are another node's.

    Raises `NotEnrolled` where another node keeps the authority, `Conflict` without a peer door.
    """
    keys, now = PeerKeys(node.home), node.clock()
    url = own_address(node)
    if not url:
        raise Conflict("nobody can come in: set peer.listen, then start the node again")
    if not keys.enrolled:
        _found(node, keys, now)
    authority = keys.authority()
    if authority is None:
        keeper = node.peers.keeper()
        raise NotEnrolled(f"{keeper} keeps the authority of this archipelago: invite there")
    if name is not None and name == keys.identity().node:
        raise Conflict(f"{name} is this node's own name")
    _state_own_homes(node, now, by=by)
    token, kept = tokens.invite(
        name, authority=authority.certificate, now=now, organisations=organisations
    )
    node.peers.invite(kept)
    _audited(node, f"peer:{name or 'any'}", "invited", by=by)
    return Invited(token, f"https://{url}", kept.expires_at)


def join(node: Node, url: str, token: Token, *, by: str) -> Peer:
    """Enter the archipelago of the node at `url`; returns that node.

    Raises `Conflict` where this node is in one already, and as `joining.join`.
    """
    keys, now = PeerKeys(node.home), node.clock()
    if keys.enrolled:
        raise Conflict("this node is in an archipelago already")
    with node.database.write() as connection:
        name = facts.open_log(connection, name_of(node.settings), now=now).node
    key, organisations = certificates.new_key(), node.organisations.tenants()
    who = joining.Joining(
        node=name, key=key, address=own_address(node), organisations=organisations
    )
    given = joining.join(url, token, who, clock=node.clock)
    keeper = Peer(
        name=given.keeper,
        address=given.address,
        standing=Standing.ACTIVE,
        authority=certificates.fingerprint(given.authority),
        certificate=given.keeper_certificate,
        since=now,
    )
    with node.database.write() as connection:
        peers.trust(connection, given.authority, keeper=given.keeper)
        peers.save(connection, keeper)
        # The keeper accepted them; its fact, which says so to everybody, comes by the feed.
        homes.settle(connection, organisations, name, clock="", now=now)
        audit.append(connection, [_entry(node, f"peer:{keeper.name}", "joined", by=by)])
    keys.save(given.certificate, key, given.authority)
    return keeper


def agree(
    node: Node,
    name: NodeName,
    tenant: TenantId,
    *,
    may: frozenset[Capability],
    purposes: frozenset[Purpose],
    by: str,
) -> Agreement:
    """Say what a peer may know and do of an organisation of this node; nothing withdraws it.

    Raises `NotFound` for an organisation that is not of this node, or no peer; `Conflict` for
    one that the archipelago does not know to be at home here.
    """
    if node.organisations.organisation(tenant=tenant) is None:
        raise NotFound(f"no organisation {tenant} on this node")
    if PeerKeys(node.home).authority() is not None:
        _state_own_homes(node, node.clock(), by=by)
    with node.database.write() as connection:
        agreement = Agreement(
            home=facts.own(connection).node,
            tenant=tenant,
            peer=name,
            capabilities=may,
            purposes=purposes,
        )
        peers.agree(connection, agreement, by=by, now=node.clock())
        said = f"{tenant}: {' '.join(sorted(one.value for one in may)) or 'nothing'}"
        audit.append(connection, [_entry(node, f"peer:{name}", said, by=by, tenant=tenant)])
    return agreement


def settle(node: Node, name: NodeName, tenant: TenantId, *, by: str) -> None:
    """State that an organisation is at home on a node, wherever it was before.

    Raises `NotEnrolled` where another node keeps the authority, `NotFound` for no peer.
    """
    if PeerKeys(node.home).authority() is None:
        raise NotEnrolled(f"{node.peers.keeper()} keeps the authority: state it there")
    with node.database.write() as connection:
        if name != facts.own(connection).node and peers.one(connection, name) is None:
            raise NotFound(f"no peer {name}: see `archipel peer list`")
        peers.state_homes(connection, name, [tenant], now=node.clock(), by=by)
        entry = _entry(node, f"peer:{name}", f"home of {tenant}", by=by, tenant=tenant)
        audit.append(connection, [entry])


def recall(node: Node, key: StudyKey, *, reason: str, by: str) -> None:
    """Call a study of ours back from the other nodes. Raises `NotFound`, `Conflict`."""
    if not node.owners.local(key.tenant):
        raise Conflict(f"{key.tenant} is not at home here: its home recalls its studies")
    now = node.clock()
    author = Author(subject=by, organisation=key.tenant.value)
    node.withholdings.recall(key, reason=reason, author=author, now=now)
    subject, said = key.study.value, f"recalled: {reason}"[:200]
    node.audit.record([_entry(node, subject, said, by=by, tenant=key.tenant)])


def restored(node: Node, *, by: str) -> LogName:
    """Begin another log, because this home was restored from a backup. Raises `NoLog`."""
    with node.database.write() as connection:
        opened = facts.open_incarnation(connection, now=node.clock())
        audit.append(connection, [_entry(node, "log", f"restored: writes in {opened}", by=by)])
    return opened


def _state_own_homes(node: Node, now: datetime, *, by: str) -> None:
    """State what is at home on this node, which keeps the authority, and was not stated yet."""
    unstated = node.owners.unstated()
    if unstated:
        with node.database.write() as connection:
            name = facts.own(connection).node
            peers.state_homes(connection, name, unstated, now=now, by=by)


def revoke(node: Node, name: NodeName, *, reason: str, by: str) -> None:
    """Let a peer in no more, at once; what it holds stays its own. Raises `NotFound`."""
    with node.database.write() as connection:
        peers.revoke(connection, name, reason=reason, by=by, now=node.clock())
        entry = _entry(node, f"peer:{name}", f"revoked: {reason}"[:200], by=by)
        audit.append(connection, [entry])


def rows(node: Node) -> Sequence[Mapping[str, Any]]:
    """Describe every peer, with the state of its line as the peer process wrote it down."""
    lines, homes_of = links(node), node.owners.all()
    return [
        {
            "name": one.name.value,
            "address": one.address or None,
            "standing": one.standing.value,
            "line": lines.get(one.name.value, {}).get("state"),
            "rtt_ms": lines.get(one.name.value, {}).get("rtt_ms"),
            "states": _states(lines.get(one.name.value, {})),
            "certificate_until": _until(one.certificate),
            "home_of": " ".join(
                tenant.value for tenant, home in homes_of.items() if home == one.name
            ),
            "shared": "; ".join(
                f"{agreed.tenant}: {' '.join(sorted(c.value for c in agreed.capabilities))}"
                for agreed in node.peers.agreements(one.name)
                if agreed.capabilities and agreed.home == own_name(node)
            ),
            "last_error": lines.get(one.name.value, {}).get("last_error") or None,
        }
        for one in node.peers.all()
    ]


def _states(line: Mapping[str, Any]) -> str | None:
    """Say whether a peer makes the same of the same facts; None while that was not compared.

    `withheld`: facts are kept from one of the two, so that it cannot be.
    """
    if not line.get("states_compared_at"):
        return "withheld" if line.get("states_withheld") else None
    return "differ: " + " ".join(line["states_differing"]) if line["states_differing"] else "equal"


def links(node: Node) -> Mapping[str, Mapping[str, Any]]:
    """Read the link board of the peer process: a `LinkState` as plain values for each peer."""
    try:
        read = json.loads((node.home.run / LINKS_FILE).read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return {one["peer"]: one for one in read}


def own_name(node: Node) -> NodeName:
    """Return this node's name in its archipelago. Raises `NoLog`."""
    with node.database.read() as connection:
        return facts.own(connection).node


def own_address(node: Node) -> str:
    """Return where the others reach this node; a port of the system's choice once it runs."""
    told = node.settings.peer
    if told.address:
        return told.address
    try:
        running = json.loads((node.home.run / "processes.json").read_text())
        return str(running["doors"]["peer"])
    except (FileNotFoundError, ValueError, KeyError):
        return "" if told.listen.endswith(":0") else told.listen


def capabilities_of(text: str) -> frozenset[Capability]:
    """Read `query,read`. Raises `Malformed`."""
    known = {one.value: one for one in Capability}
    words = {word.strip() for word in text.split(",") if word.strip()}
    if unknown := words - known.keys():
        raise Malformed(
            f"no such thing to share: {', '.join(sorted(unknown))}: {', '.join(known)}"
        )
    return frozenset(known[word] for word in words)


def purposes_of(text: str) -> frozenset[Purpose]:
    """Read `TREAT,ETREAT`. Raises `Malformed`."""
    known = {one.value: one for one in Purpose}
    words = {word.strip() for word in text.split(",") if word.strip()}
    if unknown := words - known.keys():
        raise Malformed(f"no such purpose: {', '.join(sorted(unknown))}: {', '.join(known)}")
    return frozenset(known[word] for word in words)


def _found(node: Node, keys: PeerKeys, now: datetime) -> None:
    with node.database.write() as connection:
        name = facts.open_log(connection, name_of(node.settings), now=now).node
    authority = keys.prepare(name, now=now)
    with node.database.write() as connection:
        peers.trust(connection, authority.certificate, keeper=name)
    keys.found(name, now=now)


def _audited(node: Node, subject: str, detail: str, *, by: str) -> None:
    node.audit.record([_entry(node, subject, detail, by=by)])


def _entry(
    node: Node, subject: str, detail: str, *, by: str, tenant: TenantId | None = None
) -> AuditEntry:
    return AuditEntry(
        tenant=tenant,
        at=node.clock(),
        actor=Actor(ActorKind.NODE, by),
        action=Action.CHANGE,
        subject=subject,
        door=DOOR,
        detail=detail,
    )


def _until(certificate: str) -> str:
    return certificates.expires_at(certificate).date().isoformat()

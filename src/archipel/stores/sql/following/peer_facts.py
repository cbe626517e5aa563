"""What the facts ``node.*`` change on this node as they come in.

What a node may not state, or what cannot be read, is passed over: it stays in the log and has no
effect, the same on every node.
"""

from contextlib import suppress
from datetime import datetime

from sqlalchemy import Connection, select, update

from archipel.exchange import hlc
from archipel.exchange.homes import HOMED
from archipel.exchange.model import (
    THE_NETWORK,
    Agreement,
    Capability,
    Fact,
    NodeName,
    Peer,
    Purpose,
    Standing,
)
from archipel.exchange.trust import certificates
from archipel.kernel.errors import ArchipelError, Malformed
from archipel.kernel.identifiers import TenantId
from archipel.stores.sql import facts
from archipel.stores.sql.peering import homes
from archipel.stores.sql.peers import authority_of, keep_agreement, mark_revoked, one, save
from archipel.stores.sql.schema.exchange import peer, peer_authority

_MOST_HOMES = 1000  # of one fact


def project(
    connection: Connection, told: Fact, *, now: datetime
) -> frozenset[tuple[TenantId, str]]:
    """Follow a fact on nodes. Node-wide: it belongs to the network.

    Returns the subjects whose facts count otherwise than before.
    """
    if told.tenant != THE_NETWORK:
        return frozenset()
    with suppress(ArchipelError, KeyError, TypeError, ValueError):
        if told.kind == "node.agreed":
            _agreed(connection, told)
        elif told.kind == "node.joined":
            _joined(connection, told)
        elif told.kind == "node.renewed":
            _renewed(connection, told)
        elif told.kind == "node.revoked" and authority_of(connection, told.log.node):
            name = NodeName(told.subject.removeprefix("node:"))
            if name != facts.own(connection).node:
                mark_revoked(connection, name, str(told.body["reason"])[:200])
        elif told.kind == HOMED and authority_of(connection, told.log.node):
            return _homed(connection, told, now)
    return frozenset()


def _homed(connection: Connection, told: Fact, now: datetime) -> frozenset[tuple[TenantId, str]]:
    """Follow the keeper's word on where organisations are at home."""
    named = told.body["organisations"]
    if not isinstance(named, list) or len(named) > _MOST_HOMES:
        raise Malformed("a fact that names too many organisations")
    node = NodeName(told.subject.removeprefix("node:"))
    tenants = [TenantId(name) for name in named]
    return homes.settle(connection, tenants, node, clock=told.clock, now=now)


def _agreed(connection: Connection, told: Fact) -> None:
    """Follow what a node shares of its own; of another's it shares nothing, see `scope.View`."""
    agreement = Agreement(
        home=told.log.node,
        tenant=TenantId(told.body["tenant"]),
        peer=NodeName(told.body["peer"]),
        capabilities=frozenset(Capability(word) for word in told.body["capabilities"]),
        purposes=frozenset(Purpose(word) for word in told.body["purposes"]),
    )
    keep_agreement(connection, agreement, clock=told.clock)


def _joined(connection: Connection, told: Fact) -> None:
    """Take a node that the keeper of the authority let in as a peer of ours as well."""
    body, name = told.body, NodeName(told.subject.removeprefix("node:"))
    authority = authority_of(connection, told.log.node)
    if authority is None or name == facts.own(connection).node:
        return
    certificate, at = str(body["certificate"]), hlc.moment_of(told.clock)
    if certificates.check_issued(certificate, authority=authority, at=at) != name:
        return
    known = one(connection, name)
    if known is None:
        joined = Peer(
            name=name,
            address=str(body["address"])[:255],
            standing=Standing.ACTIVE,
            authority=certificates.fingerprint(authority),
            certificate=certificate,
            since=at,
        )
        save(connection, joined)


def _renewed(connection: Connection, told: Fact) -> None:
    """Follow a node that states its newer certificate, or where it is reached now."""
    known = one(connection, told.log.node)
    if known is None or told.subject != f"node:{known.name}":
        return
    authority = connection.execute(
        select(peer_authority.c.certificate).where(peer_authority.c.fingerprint == known.authority)
    ).scalar_one()
    certificate, at = str(told.body["certificate"]), hlc.moment_of(told.clock)
    if certificates.check_issued(certificate, authority=authority, at=at) == known.name:
        connection.execute(
            update(peer)
            .where(peer.c.name == known.name.value)
            .values(certificate=certificate, address=str(told.body["address"])[:255])
        )

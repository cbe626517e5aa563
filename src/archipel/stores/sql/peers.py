"""The other nodes of the archipelago, what was agreed with them, and one-time tokens.

Every row here but a token follows from facts ``node.*``, which `project` reads as they come in;
a revocation is a row of this node's own as well, so that it works alone and at once.
"""

import hashlib
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from archipel.access.model import AuditEntry
from archipel.exchange.errors import TokenRefused
from archipel.exchange.homes import HOMED
from archipel.exchange.model import (
    THE_NETWORK,
    Agreement,
    Author,
    Capability,
    Draft,
    Fact,
    Invitation,
    NodeName,
    Peer,
    Purpose,
    Standing,
)
from archipel.exchange.trust import certificates
from archipel.kernel.errors import Conflict, NotFound
from archipel.kernel.identifiers import TenantId
from archipel.stores.sql import audit, facts
from archipel.stores.sql.peering import homes
from archipel.stores.sql.schema.exchange import (
    fact,
    peer,
    peer_agreement,
    peer_authority,
    peer_invitation,
)
from archipel.stores.sql.session import Database, upsert

_FORGOTTEN = timedelta(days=1)  # a token that nobody used


class SqlPeers:
    """`exchange.ports.Peers`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> Sequence[Peer]:
        """Give every peer, by name. Node-wide: a peer serves every organisation."""
        with self._database.read() as connection:
            return [_peer(row) for row in connection.execute(select(peer).order_by(peer.c.name))]

    def peer(self, name: NodeName) -> Peer | None:
        """Give one peer. Node-wide: as `all`."""
        with self._database.read() as connection:
            return one(connection, name)

    def agreements(self, name: NodeName | None = None) -> Sequence[Agreement]:
        """Give what a peer may know and do. Node-wide: the agreement names its tenant."""
        with self._database.read() as connection:
            return agreements(connection, name)

    def invite(self, invitation: Invitation) -> None:
        """Keep a one-time token. Node-wide: it lets a node in, to no organisation's things."""
        with self._database.write() as connection:
            old = peer_invitation.c.expires_at < invitation.expires_at - _FORGOTTEN
            connection.execute(delete(peer_invitation).where(old))
            connection.execute(
                insert(peer_invitation).values(
                    id=invitation.id,
                    key=invitation.key,
                    node=invitation.node.value if invitation.node else "",
                    organisations=_names(invitation.organisations),
                    expires_at=invitation.expires_at,
                )
            )

    def let_in(
        self,
        invitation: Invitation,
        joined: Peer,
        organisations: Collection[TenantId],
        entry: AuditEntry,
        *,
        now: datetime,
    ) -> None:
        """Use a token up for a node. Node-wide: as `invite`. Raises `TokenRefused`."""
        allowed = invitation.organisations
        with self._database.write() as connection:
            if not use_invitation(connection, invitation.id):
                raise TokenRefused("the token was used already: ask for another")
            for tenant in sorted(organisations):
                home = homes.home_of(connection, tenant=tenant)
                if home not in {None, joined.name} or not (allowed is None or tenant in allowed):
                    raise TokenRefused(
                        f"the token does not let {joined.name} speak for {tenant}"
                        + (f", which is at home on {home}" if home else "")
                    )
            admit(connection, joined, now=now)
            state_homes(connection, joined.name, organisations, now=now)
            audit.append(connection, [entry])

    def renew(self, name: NodeName, certificate: str, entry: AuditEntry) -> None:
        """Keep a newer certificate. Node-wide: as `all`."""
        with self._database.write() as connection:
            connection.execute(
                update(peer).where(peer.c.name == name.value).values(certificate=certificate)
            )
            audit.append(connection, [entry])

    def keeper(self) -> NodeName | None:
        """Give the node that keeps the authority's key. Node-wide: as `all`."""
        with self._database.read() as connection:
            name = connection.execute(select(peer_authority.c.keeper)).scalar()
        return None if name is None else NodeName(name)

    def state_renewed(self, certificate: str, address: str, *, now: datetime) -> None:
        """State this node's newer certificate. Node-wide: as `all`."""
        with self._database.write() as connection:
            body = {"certificate": certificate, "address": address}
            name = facts.own(connection).node
            facts.append(connection, _of_node("node.renewed", name, body), now=now)

    def moved(self, name: NodeName, address: str) -> None:
        """Keep where a peer is reached now, as it says itself. Node-wide: as `all`."""
        with self._database.write() as connection:
            connection.execute(
                update(peer).where(peer.c.name == name.value).values(address=address[:255])
            )

    def invitation(self, invitation_id: str) -> Invitation | None:
        """Give a token that was not used. Node-wide: as `invite`."""
        query = select(peer_invitation).where(peer_invitation.c.id == invitation_id)
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            return None
        return Invitation(
            id=row.id,
            key=row.key,
            node=NodeName(row.node) if row.node else None,
            expires_at=row.expires_at,
            organisations=(
                None
                if row.organisations is None
                else frozenset(TenantId(name) for name in row.organisations)
            ),
        )


def trust(connection: Connection, authority: str, *, keeper: NodeName) -> None:
    """Believe the certificates of an authority. Node-wide: a peer serves every organisation."""
    row = {"certificate": authority, "keeper": keeper.value}
    connection.execute(
        upsert(connection, peer_authority)
        .values(fingerprint=certificates.fingerprint(authority), **row)
        .on_conflict_do_update(index_elements=["fingerprint"], set_=row)
    )


def use_invitation(connection: Connection, invitation_id: str) -> bool:
    """Use a token up; False where it was used already. Node-wide: as `SqlPeers.invite`."""
    gone = connection.execute(delete(peer_invitation).where(peer_invitation.c.id == invitation_id))
    return gone.rowcount == 1


def one(connection: Connection, name: NodeName) -> Peer | None:
    """Give one peer. Node-wide: a peer serves every organisation."""
    row = connection.execute(select(peer).where(peer.c.name == name.value)).one_or_none()
    return _peer(row) if row else None


def save(connection: Connection, known: Peer) -> None:
    """Keep a peer, new or changed. Node-wide: as `one`."""
    row = {
        "address": known.address,
        "standing": known.standing.value,
        "authority": known.authority,
        "certificate": known.certificate,
        "since": known.since,
        "note": known.note,
    }
    connection.execute(
        upsert(connection, peer)
        .values(name=known.name.value, **row)
        .on_conflict_do_update(index_elements=["name"], set_=row)
    )


def admit(connection: Connection, joined: Peer, *, now: datetime) -> Fact:
    """Let a node in: keep it and tell the others. Node-wide: as `one`."""
    save(connection, joined)
    body = {
        "address": joined.address,
        "authority": joined.authority,
        "certificate": joined.certificate,
    }
    return facts.append(connection, _of_node("node.joined", joined.name, body), now=now)


def state_homes(
    connection: Connection,
    node: NodeName,
    organisations: Collection[TenantId],
    *,
    now: datetime,
    by: str = "",
) -> None:
    """State that these organisations are at home on a node, beside those that are.

    Only the keeper of the authority is believed. Node-wide: each names its tenant.
    """
    fresh = [one for one in organisations if homes.home_of(connection, tenant=one) != node]
    if fresh:
        body = {"organisations": sorted(one.value for one in fresh)}
        written = facts.append(connection, _of_node(HOMED, node, body, by=by), now=now)
        counting = homes.settle(connection, fresh, node, clock=written.clock, now=now)
        homes.announce_anew(connection, counting, now=now)


def agree(connection: Connection, agreement: Agreement, *, by: str, now: datetime) -> Fact:
    """State what a peer may know and do of one organisation's things, in place of what was said.

    Node-wide: the agreement names its tenant. Raises `NotFound` for a peer that is not known,
    `Conflict` for an organisation that nobody said is at home here: the others would not listen.
    """
    if one(connection, agreement.peer) is None:
        raise NotFound(f"no peer {agreement.peer}: see `archipel peer list`")
    home = homes.home_of(connection, tenant=agreement.tenant)
    if home != agreement.home:
        raise Conflict(
            f"{agreement.tenant} is not known to be at home on {agreement.home}: on the node that "
            f"keeps the authority, `archipel peer home {agreement.home} --organisation "
            f"{agreement.tenant}`"
        )
    body = {
        "tenant": agreement.tenant.value,
        "peer": agreement.peer.value,
        "capabilities": sorted(one.value for one in agreement.capabilities),
        "purposes": sorted(one.value for one in agreement.purposes),
    }
    draft = _of_node("node.agreed", agreement.peer, body, by=by)
    written = facts.append(connection, draft, now=now)
    keep_agreement(connection, agreement, clock=written.clock)
    return written


def keep_agreement(connection: Connection, agreement: Agreement, *, clock: str) -> None:
    """Keep an agreement that was stated at `clock`, unless a later one is held.

    Node-wide: the agreement names its tenant.
    """
    row = {
        "capabilities": sorted(one.value for one in agreement.capabilities),
        "purposes": sorted(one.value for one in agreement.purposes),
        "clock": clock,
    }
    connection.execute(
        upsert(connection, peer_agreement)
        .values(
            home=agreement.home.value,
            tenant=agreement.tenant.value,
            peer=agreement.peer.value,
            **row,
        )
        .on_conflict_do_update(
            index_elements=["home", "tenant", "peer"],
            set_=row,
            where=peer_agreement.c.clock < clock,
        )
    )


def revoke(connection: Connection, name: NodeName, *, reason: str, by: str, now: datetime) -> Fact:
    """Let a peer in no more, at once, and tell the others. Node-wide: as `one`.

    Raises `NotFound`.
    """
    if one(connection, name) is None:
        raise NotFound(f"no peer {name}: see `archipel peer list`")
    mark_revoked(connection, name, reason)
    draft = _of_node("node.revoked", name, {"reason": reason}, by=by)
    return facts.append(connection, draft, now=now)


def agreements(connection: Connection, name: NodeName | None = None) -> Sequence[Agreement]:
    """Give what `name`, or every peer, may know and do. Node-wide: each names its tenant."""
    query = select(peer_agreement).order_by(peer_agreement.c.home, peer_agreement.c.tenant)
    if name is not None:
        query = query.where(peer_agreement.c.peer == name.value)
    return [
        Agreement(
            home=NodeName(row.home),
            tenant=TenantId(row.tenant),
            peer=NodeName(row.peer),
            capabilities=frozenset(Capability(word) for word in row.capabilities),
            purposes=frozenset(Purpose(word) for word in row.purposes),
        )
        for row in connection.execute(query)
    ]


def terms(connection: Connection, reader: NodeName) -> str:
    """Digest what decides on what `reader` may know. Node-wide: over all agreements."""
    rows = connection.execute(
        select(peer_agreement.c.home, peer_agreement.c.tenant, peer_agreement.c.clock)
        .where(peer_agreement.c.peer == reader.value)
        .order_by(peer_agreement.c.home, peer_agreement.c.tenant)
    ).all()
    policies = connection.execute(
        select(fact.c.hash).where(fact.c.kind.in_(("policy.denied", "policy.granted")))
    ).scalars()
    said = repr([tuple(row) for row in rows]) + repr(sorted(policies))
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def authority_of(connection: Connection, keeper: NodeName) -> str | None:
    """Return the authority whose key a node keeps, None where it keeps none.

    Node-wide: as `one`. Only a keeper lets nodes in; others revoke at home.
    """
    query = select(peer_authority.c.certificate).where(peer_authority.c.keeper == keeper.value)
    certificate: str | None = connection.execute(query).scalar()
    return certificate


def mark_revoked(connection: Connection, name: NodeName, reason: str) -> None:
    """Let a peer in no more. Node-wide: as `one`."""
    connection.execute(
        update(peer)
        .where(peer.c.name == name.value)
        .values(standing=Standing.REVOKED.value, note=reason)
    )


def _names(organisations: Collection[TenantId] | None) -> list[str] | None:
    return None if organisations is None else sorted(one.value for one in organisations)


def _of_node(kind: str, name: NodeName, body: dict[str, Any], *, by: str = "") -> Draft:
    return Draft(
        kind=kind,
        subject=f"node:{name}",
        tenant=THE_NETWORK,
        body=body,
        author=Author(subject=by or "system:peer"),
    )


def _peer(row: Row[Any]) -> Peer:
    return Peer(
        name=NodeName(row.name),
        address=row.address,
        standing=Standing(row.standing),
        authority=row.authority,
        certificate=row.certificate,
        since=row.since,
        note=row.note,
    )

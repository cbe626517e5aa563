"""Who comes in at the peer door, and on whose behalf; every refusal is a row of the audit.

A node is known by the certificate of its TLS connection, which the authority issued, and by our
own list of peers, asked at every request: a revocation holds from the next one on. A person is
known by an assertion that the asking node signed (`exchange.trust.assertions`).
"""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request

from archipel.access.model import Action, AuditEntry
from archipel.access.ports import Audit
from archipel.exchange.errors import NotEnrolled
from archipel.exchange.model import Capability, NodeName, Peer, Purpose
from archipel.exchange.ports import Peers
from archipel.exchange.trust import assertions, certificates
from archipel.exchange.trust.assertions import Asked, Assertion, Seen
from archipel.kernel.actors import Actor, ActorKind
from archipel.kernel.clock import Clock
from archipel.kernel.errors import ArchipelError, Refused
from archipel.kernel.identifiers import TenantId
from archipel.protocols.peer.identity import Identity

DOOR = "peer"


@dataclass(kw_only=True)
class Doorkeeper:
    """Decides on each request. Its methods block on the database: call them in a thread."""

    identity: Identity
    peers: Peers
    audit: Audit
    clock: Clock
    seen: Seen = field(init=False)

    def __post_init__(self) -> None:
        self.seen = Seen(now=self.clock())

    def node(self, request: Request) -> Peer:
        """Return the node that asks. Raises `NotEnrolled`, audited."""
        try:
            return self._node(certificate_of(request))
        except ArchipelError as failure:
            self.refused(request, failure)
            raise

    def person(
        self,
        request: Request,
        *,
        act: Capability,
        patient: str,
        tenant: TenantId,
        opposed: bool = False,
    ) -> Assertion:
        """Return on whose behalf a node asks for `act` on a patient's things of `tenant`.

        The node must have been granted the act for that organisation and purpose; `opposed`
        says that the patient opposes sharing, which only an emergency overrules. Raises
        `Refused` in its kinds, audited. The caller audits what then leaves.
        """
        try:
            peer = self._node(certificate_of(request))
            held = assertions.check(
                request.headers.get(assertions.HEADER, ""),
                certificate=certificate_of(request),
                audience=self.identity.node,
                asked=Asked(act=act, patient=patient, purpose=Purpose.TREATMENT),
                seen=self.seen,
                now=self.clock(),
            )
            self._granted(peer, act, held.asked.purpose, tenant)
            if opposed and held.asked.purpose is not Purpose.EMERGENCY:
                raise Refused("the patient opposes sharing")
        except ArchipelError as failure:
            self.refused(request, failure, tenant=tenant)
            raise
        return held

    def granted(self, peer: Peer, act: Capability, *, tenant: TenantId) -> bool:
        """Tell whether a peer may do `act` with an organisation's things, for some purpose."""
        return any(
            agreed.home == self.identity.node and agreed.tenant == tenant
            for agreed in self.peers.agreements(peer.name)
            if act in agreed.capabilities
        )

    def refused(
        self, request: Request, failure: ArchipelError, *, tenant: TenantId | None = None
    ) -> None:
        """Write down who was refused what, and why."""
        self.audit.record(
            [
                AuditEntry(
                    tenant=tenant,
                    at=self.clock(),
                    actor=actor_of(request),
                    action=Action.REFUSE,
                    subject=request.url.path[:200],
                    door=DOOR,
                    detail=str(failure)[:200],
                )
            ]
        )

    def _node(self, certificate: str) -> Peer:
        name = certificates.check_issued(
            certificate, authority=self.identity.authority, at=self.clock()
        )
        peer = self.peers.peer(name)
        if peer is None:
            raise NotEnrolled(f"{name} is no peer of this node")
        if not peer.active:
            raise NotEnrolled(f"{name} is revoked")
        if not _same_or_newer(certificate, peer.certificate):
            raise NotEnrolled(f"{name} has a newer certificate than this one")
        return peer

    def _granted(self, peer: Peer, act: Capability, purpose: Purpose, tenant: TenantId) -> None:
        mine = [
            agreed
            for agreed in self.peers.agreements(peer.name)
            if agreed.home == self.identity.node and agreed.tenant == tenant
        ]
        if not any(act in agreed.capabilities for agreed in mine):
            raise Refused(f"{peer.name} may not {act.value} for {tenant}: no agreement says so")
        if not any(purpose in agreed.purposes for agreed in mine):
            raise Refused(f"{peer.name} may not ask for {tenant} with purpose {purpose.value}")


def certificate_of(request: Request) -> str:
    """Return the certificate shown in the TLS handshake, PEM. Raises `NotEnrolled`."""
    state: Mapping[str, Any] = request.scope.get("state", {})
    der = state.get("peer_certificate")
    if not isinstance(der, bytes):
        raise NotEnrolled("no node's certificate was shown")
    return ssl.DER_cert_to_PEM_cert(der)


def actor_of(request: Request) -> Actor:
    """Name who asks, for the audit: the node its certificate names, or its address."""
    try:
        return actor(certificates.node_of(certificate_of(request)))
    except ArchipelError:
        return Actor(ActorKind.NODE, request.client.host if request.client else "?")


def actor(node: NodeName) -> Actor:
    """Name another node, for the audit."""
    return Actor(ActorKind.NODE, f"node:{node}")


def _same_or_newer(shown: str, kept: str) -> bool:
    if certificates.fingerprint(shown) == certificates.fingerprint(kept):
        return True
    return certificates.loaded(shown).not_valid_before_utc > (
        certificates.loaded(kept).not_valid_before_utc
    )

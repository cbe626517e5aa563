"""The way in: a one-time token becomes a certificate, a certificate a newer one.

Only the node that keeps the authority's key issues. A token is used up in the transaction that
admits its node and writes the audit's row.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request

from archipel.access.model import Action, AuditEntry
from archipel.exchange.errors import NotEnrolled
from archipel.exchange.model import NodeName, Peer, Standing
from archipel.exchange.trust import certificates, tokens
from archipel.exchange.trust.certificates import Authority
from archipel.kernel.errors import ArchipelError, Malformed
from archipel.kernel.identifiers import TenantId
from archipel.protocols.peer.doorkeeper import DOOR, Doorkeeper, actor

_ADDRESS_LENGTH = 255
_DETAIL_LENGTH = 200


@dataclass(frozen=True, kw_only=True)
class Enrolment:
    """Lets nodes in. `authority` gives the key where this node keeps it, else None."""

    doorkeeper: Doorkeeper
    authority: Callable[[], Authority | None]
    address: str

    def join(self, request: Request, said: bytes) -> Mapping[str, str]:
        """Let the holder of a token in. Raises `TokenRefused`, `NotEnrolled`, `Malformed`."""
        try:
            return self._join(_texts(said, ("id", "request", "address", "organisations", "mac")))
        except ArchipelError as failure:
            self.doorkeeper.refused(request, failure)
            raise

    def renew(self, peer: Peer, said: bytes) -> Mapping[str, str]:
        """Give an enrolled node a newer certificate. Raises `NotEnrolled`, `Malformed`."""
        asked, now = _texts(said, ("request",)), self.doorkeeper.clock()
        certificate = self._keeper().issue(asked["request"], peer.name, now=now)
        entry = self._changed(peer, "certificate renewed")
        self.doorkeeper.peers.renew(peer.name, certificate, entry)
        return {"certificate": certificate}

    def _join(self, said: Mapping[str, str]) -> Mapping[str, str]:
        keeper, now = self._keeper(), self.doorkeeper.clock()
        peers, identity = self.doorkeeper.peers, self.doorkeeper.identity
        invitation = tokens.check(
            peers.invitation(said["id"]),
            said["mac"],
            said["request"],
            said["address"],
            said["organisations"],
            now=now,
        )
        name = invitation.node or self._new(certificates.requested_by(said["request"]))
        certificate = keeper.issue(said["request"], name, now=now)
        joined = Peer(
            name=name,
            address=said["address"][:_ADDRESS_LENGTH],
            standing=Standing.ACTIVE,
            authority=certificates.fingerprint(keeper.certificate),
            certificate=certificate,
            since=now,
        )
        organisations = [TenantId(name) for name in said["organisations"].split()]
        detail = f"joined by token, home of {said['organisations'] or 'no organisation'}"
        entry = self._changed(joined, detail[:_DETAIL_LENGTH])
        peers.let_in(invitation, joined, organisations, entry, now=now)
        return {
            "certificate": certificate,
            "authority": keeper.certificate,
            "keeper": identity.node.value,
            "address": self.address,
            "keeper_certificate": identity.certificate,
        }

    def _new(self, name: NodeName) -> NodeName:
        """Refuse a name that is taken: a token for anybody must not replace somebody."""
        taken = self.doorkeeper.peers.peer(name) is not None
        if taken or name == self.doorkeeper.identity.node:
            raise NotEnrolled(f"there is a node {name} already: invite it by name to replace it")
        return name

    def _keeper(self) -> Authority:
        authority = self.authority()
        if authority is None:
            raise NotEnrolled(
                "this node does not keep the authority's key: ask the node that let it in"
            )
        return authority

    def _changed(self, peer: Peer, detail: str) -> AuditEntry:
        return AuditEntry(
            tenant=None,
            at=self.doorkeeper.clock(),
            actor=actor(peer.name),
            action=Action.CHANGE,
            subject=f"peer:{peer.name}",
            door=DOOR,
            detail=detail,
        )


def _texts(said: bytes, names: tuple[str, ...]) -> Mapping[str, str]:
    try:
        read: Any = json.loads(said)
        if type(read) is dict and all(isinstance(read.get(name), str) for name in names):
            return {name: read[name] for name in names}
    except (ValueError, RecursionError):
        pass
    raise Malformed(f"a JSON object with the texts {', '.join(names)} is needed")

"""Joining an archipelago by a one-time token: the authority is checked before anything is sent."""

import json
import ssl
from dataclasses import dataclass, field

import httpx

from archipel.exchange.errors import NotEnrolled
from archipel.exchange.model import NodeName
from archipel.exchange.trust import certificates
from archipel.exchange.trust.tokens import Token
from archipel.kernel.clock import Clock
from archipel.kernel.errors import Malformed, Unavailable
from archipel.kernel.identifiers import TenantId
from archipel.protocols.peer import problem
from archipel.protocols.peer.identity import PROTOCOLS, NodeContext, toward

ANSWER_S = 20.0
_LONGEST = 64 << 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """What the keeper of the authority gave."""

    certificate: str
    authority: str
    keeper: NodeName
    keeper_certificate: str
    address: str  # where the keeper is reached


@dataclass(frozen=True, slots=True, kw_only=True)
class Joining:
    """Who asks to be let in: name, private key, where it is reached, what it is the home of."""

    node: NodeName
    key: str = field(repr=False)
    address: str
    organisations: frozenset[TenantId] = frozenset()


def join(url: str, token: Token, who: Joining, *, clock: Clock) -> Joined:
    """Ask the node at `url` to let `who` in.

    Raises `AuthorityMismatch` before anything is sent, `Refused` in its kinds, `Unavailable`.
    """
    base = _base(url)
    authority = _shown_authority(base)
    token.check_authority(authority)
    context = toward(NodeContext(ssl.PROTOCOL_TLS_CLIENT), authority, None)
    request = certificates.request_for(who.node, who.key)
    organisations = " ".join(sorted(one.value for one in who.organisations))
    said = {
        "id": token.id,
        "request": request,
        "address": who.address,
        "organisations": organisations,
        "mac": token.mac(request, who.address, organisations),
    }
    answer = _asked(base, context, said)
    joined = _read(answer, base)
    if certificates.fingerprint(joined.authority) != certificates.fingerprint(authority):
        raise NotEnrolled("the node answered with another authority than it showed")
    named = certificates.check_issued(joined.certificate, authority=authority, at=clock())
    if named != who.node:
        raise NotEnrolled(f"the certificate given is for {named}, this node is {who.node}")
    certificates.check_pair(joined.certificate, who.key)
    return joined


def _shown_authority(base: str) -> str:
    """Read the authority from whoever answers: nothing is told, and the pin decides."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(PROTOCOLS)
    shown = _asked(base, context, None)
    authority = shown.get("authority")
    if not isinstance(authority, str):
        raise Malformed("who answers is no node of an archipelago")
    return authority


def _asked(base: str, context: ssl.SSLContext, said: dict[str, str] | None) -> dict[str, object]:
    try:
        with httpx.Client(
            verify=context, http2=True, timeout=ANSWER_S, trust_env=False, base_url=base
        ) as client:
            answer = (
                client.get("/x/1/authority")
                if said is None
                else client.post("/x/1/join", json=said)
            )
            content = answer.content[:_LONGEST]
    except (httpx.HTTPError, ssl.SSLError, OSError) as failure:
        raise Unavailable(f"{base} does not answer: {failure}") from failure
    try:
        read = json.loads(content)
    except ValueError:
        read = None
    if type(read) is not dict:
        raise Malformed(f"{base} is no peer door of a node")
    if answer.status_code >= httpx.codes.BAD_REQUEST:
        raise problem.failure_of(answer.status_code, str(read.get("detail", "no reason")))
    return read


def _read(answer: dict[str, object], base: str) -> Joined:
    texts = ("certificate", "authority", "keeper", "keeper_certificate", "address")
    if not all(isinstance(answer.get(name), str) for name in texts):
        raise Malformed("the node's answer cannot be read")
    return Joined(
        certificate=str(answer["certificate"]),
        authority=str(answer["authority"]),
        keeper=NodeName(str(answer["keeper"])),
        keeper_certificate=str(answer["keeper_certificate"]),
        address=str(answer["address"]) or base.removeprefix("https://"),
    )


def _base(url: str) -> str:
    base = url.strip().rstrip("/")
    if "://" not in base:
        base = f"https://{base}"
    if not base.startswith("https://"):
        raise Malformed(f"the peer door speaks https only: {url[:100]!r}")
    return base

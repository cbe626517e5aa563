"""A person's assertion: who asks, why, for which patient, signed by the asking node.

Bound to the node's TLS certificate, to one audience, one act and one patient; good for a minute
and once (the claims of IHE XUA in the compact form of a signed JSON).
"""

import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from collections import OrderedDict
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta

from archipel.exchange.errors import AssertionRefused, NotEnrolled
from archipel.exchange.model import Capability, NodeName, Purpose
from archipel.exchange.ports import Signer
from archipel.exchange.trust import certificates

LIFE = timedelta(seconds=60)
SKEW = timedelta(seconds=120)  # between the clocks of two nodes
HEADER = "archipel-on-behalf"
_LONGEST = 4096
_REMEMBERED = 200_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who asks. A node's own work asks as `system:...`, with a request as its reason."""

    subject: str
    name: str
    role: str
    organisation: str
    authentication: str  # how surely it is known (acr)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is asked for."""

    act: Capability
    patient: str  # subject key
    purpose: Purpose


@dataclass(frozen=True, slots=True, kw_only=True)
class Assertion:
    """An assertion that held."""

    issuer: NodeName
    person: Person
    asked: Asked
    reference: str  # its own number: for the audit of both sides


@dataclass(frozen=True, slots=True, kw_only=True)
class _Claims:
    iss: str
    sub: str
    name: str
    role: str
    org: str
    acr: str
    purpose: str
    patient: str
    act: str
    aud: str
    iat: float
    exp: float
    jti: str
    x5t: str


def asserted(
    person: Person,
    asked: Asked,
    *,
    node: NodeName,
    audience: NodeName,
    signer: Signer,
    now: datetime,
) -> str:
    """Sign an assertion of `person` for `audience`."""
    claims = _Claims(
        iss=node.value,
        sub=person.subject,
        name=person.name,
        role=person.role,
        org=person.organisation,
        acr=person.authentication,
        purpose=asked.purpose.value,
        patient=asked.patient,
        act=asked.act.value,
        aud=audience.value,
        iat=now.timestamp(),
        exp=(now + LIFE).timestamp(),
        jti=secrets.token_urlsafe(9),
        x5t=certificates.fingerprint(signer.certificate),
    )
    said = json.dumps(asdict(claims), sort_keys=True, separators=(",", ":")).encode()
    return f"{_text(said)}.{_text(signer.sign(said))}"


class Seen:
    """The numbers of assertions that were used. What is older than this memory is refused."""

    def __init__(self, *, now: datetime) -> None:
        self._used: OrderedDict[str, float] = OrderedDict()
        self._since = now.timestamp()

    def once(self, reference: str, *, issued: float, expires: float, now: datetime) -> None:
        """Raise `AssertionRefused` for a number that was used, or may have been."""
        while self._used and next(iter(self._used.values())) < now.timestamp():
            self._used.popitem(last=False)
        if issued < self._since:
            raise AssertionRefused("the assertion is older than this door: sign a new one")
        if reference in self._used:
            raise AssertionRefused("the assertion was used already")
        if len(self._used) >= _REMEMBERED:
            raise AssertionRefused("too many assertions at once: try again in a minute")
        self._used[reference] = expires


def check(
    text: str,
    *,
    certificate: str,
    audience: NodeName,
    asked: Asked | None,
    seen: Seen,
    now: datetime,
) -> Assertion:
    """Return the assertion that holds for this node, connection and request.

    `certificate` is the one of the TLS connection. `asked` None: whatever it says is asked for.
    Raises `AssertionRefused`.
    """
    claims = _verified(text, certificate)
    if claims.iss != certificates.node_of(certificate).value:
        raise AssertionRefused("the assertion was not made by the node that brings it")
    if claims.x5t != certificates.fingerprint(certificate):
        raise AssertionRefused("the assertion is bound to another certificate")
    if claims.aud != audience.value:
        raise AssertionRefused("the assertion is for another node")
    moment = now.timestamp()
    if not claims.iat - SKEW.total_seconds() <= moment <= claims.exp:
        raise AssertionRefused("the assertion is not of this moment")
    if claims.exp - claims.iat > LIFE.total_seconds():
        raise AssertionRefused("the assertion would hold for too long")
    said = _asked(claims)
    if asked is not None and (said.act, said.patient) != (asked.act, asked.patient):
        raise AssertionRefused("the assertion is for another act or another patient")
    seen.once(claims.jti, issued=claims.iat, expires=claims.exp, now=now)
    person = Person(
        subject=claims.sub,
        name=claims.name,
        role=claims.role,
        organisation=claims.org,
        authentication=claims.acr,
    )
    return Assertion(issuer=NodeName(claims.iss), person=person, asked=said, reference=claims.jti)


def _verified(text: str, certificate: str) -> _Claims:
    if len(text) > _LONGEST:
        raise AssertionRefused("the assertion is too long")
    body, _, signature = text.partition(".")
    try:
        said = _bytes(body)
        certificates.verify(certificate, _bytes(signature), said)
        claims = json.loads(said)
        texts = {f.name for f in fields(_Claims)} - {"iat", "exp"}
        if not all(isinstance(claims[name], str) for name in texts):
            raise AssertionRefused("the assertion cannot be read")
        return _Claims(**{**claims, "iat": float(claims["iat"]), "exp": float(claims["exp"])})
    except NotEnrolled:
        raise AssertionRefused("the assertion is not signed by the node that brings it") from None
    except (ValueError, KeyError, TypeError, NotBase64, RecursionError):
        raise AssertionRefused("the assertion cannot be read") from None


def _asked(claims: _Claims) -> Asked:
    try:
        return Asked(
            act=Capability(claims.act), patient=claims.patient, purpose=Purpose(claims.purpose)
        )
    except ValueError:
        raise AssertionRefused("the assertion names no act or purpose that is known") from None


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return urlsafe_b64decode(text.encode() + b"=" * (-len(text) % 4))

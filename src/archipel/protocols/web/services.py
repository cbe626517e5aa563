"""What this door needs, handed in by the wiring; it reaches for nothing itself."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Protocol, cast

from fastapi import Depends, Request

from archipel.access.authenticate import Desk
from archipel.access.enrol import Office
from archipel.access.model import Device, Permission, Visitor
from archipel.access.ports import AuditTrail
from archipel.archive.model import JournalPlace
from archipel.archive.ports import QuarantineDesk
from archipel.archive.quality.bin import Bench
from archipel.archive.settle import Differences
from archipel.exchange import oppose
from archipel.exchange.oppose import Oppositions
from archipel.exchange.timeline import Elsewhere
from archipel.identity.ports import Persons
from archipel.kernel.actors import Scope
from archipel.kernel.clock import Clock
from archipel.kernel.errors import NotFound
from archipel.kernel.identifiers import PatientIdentifier, TenantId
from archipel.protocols.web.models.deidentifying import DeidentifyRequest
from archipel.protocols.web.models.network import NetworkView
from archipel.protocols.web.models.node import NodeStatus, StuckWork
from archipel.protocols.web.models.settling import Comparison
from archipel.reading import claim, published, report, sign
from archipel.reading.model import ExamId
from archipel.reading.ports import Changes, Claims, Documents, Drafts, Exams, Pictures
from archipel.reading.request import ask
from archipel.reading.request.island import Island
from archipel.reading.request.model import Site
from archipel.reading.request.ports import Agreements, Arrivals, Requests, Travel
from archipel.results.feed.ports import Feed
from archipel.results.hooks import deliver as hooking
from archipel.results.ports import Correspondents, Links, Mails, Releases
from archipel.results.secrets import Secrets
from archipel.results.share import Counter

DOOR = "web"


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeIdentity:
    """Which node answers. `demo`: every person and patient on it is invented."""

    name: str
    community: str
    version: str
    demo: bool
    time_zone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AskingPorts:
    """What requests for reading need; `node` is this node's short name, such as `mq`."""

    node: str
    requests: Requests
    agreements: Agreements
    travel: Travel
    arrivals: Arrivals
    island: Island


@dataclass(frozen=True, slots=True, kw_only=True)
class EchoOutcome:
    """What C-ECHO to a device gave."""

    ok: bool
    duration_ms: int
    detail: str


class Switchboard(Protocol):
    """The simulated lines of a demonstration."""

    def lines(self) -> Mapping[frozenset[str], bool]:
        """Return each line by the names of its ends, and whether it is cut.

        Raises `Unavailable`.
        """

    def turn(self, a: str, b: str, *, cut: bool) -> None:
        """Cut or heal a line. Raises `NotFound`, `Unavailable`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sharing:
    """What links to results need. `address` is where the portal is reached from outside."""

    links: Links
    releases: Releases
    correspondents: Correspondents
    mails: Mails
    trail: AuditTrail
    secrets: Callable[[], Secrets]
    address: str
    mailed: bool  # a mail server is configured


class Comparing(Protocol):
    """What is held beside what was set aside."""

    def compare(self, place: JournalPlace, *, scope: Scope) -> Comparison:
        """Say where the two differ. Raises `NotFound`, `Unavailable`."""

    def picture(self, place: JournalPlace, *, second: bool, scope: Scope) -> bytes:
        """Draw the middle frame of one of the two, a JPEG. Raises `NotFound`."""

    def file(self, place: JournalPlace, *, scope: Scope) -> Iterator[bytes]:
        """Give the second as a Part 10 file, as received. Raises `NotFound`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settling:
    """What the desk of what is to be settled needs."""

    differences: Differences
    comparing: Comparing
    quality: Bench


class Letters(Protocol):
    """Work that failed for good."""

    def listed(self, *, scope: Scope) -> Sequence[StuckWork]:
        """Give what is stuck of the organisations in scope, latest first."""

    def retry(self, name: str, *, scope: Scope) -> None:
        """Ask for one more try; audited. Raises `NotFound`."""

    def drop(self, name: str, *, reason: str, scope: Scope) -> None:
        """Forget one for a reason; audited. Raises `NotFound`, `Malformed`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeidentifiedExam:
    """An archive of one exam that names nobody, whole before its first byte leaves."""

    name: str
    size_bytes: int
    objects: int
    left_out: int
    pieces: Iterator[bytes]


class Deidentifying(Protocol):
    """Exams that name nobody."""

    def export(self, exam: ExamId, wish: DeidentifyRequest, *, scope: Scope) -> DeidentifiedExam:
        """Make the archive; audited before it is handed out.

        Raises `NotFound`, `Refused` (an exam of others), `Conflict` (some objects cannot be
        made to name nobody), `Malformed`, `Exhausted`, `Unavailable`.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class WebServices:
    """The ports of this door. `recognise` is `visitors.recogniser(...)`."""

    node: NodeIdentity
    clock: Clock
    recognise: Callable[[Request], Visitor]
    desk: Desk
    trail: AuditTrail
    exams: Exams
    claims: Claims
    drafts: Drafts
    documents: Documents
    pictures: Pictures
    changes: Changes
    sharing: Sharing
    asking: AskingPorts
    elsewhere: Elsewhere
    oppositions: Oppositions
    quarantine: QuarantineDesk
    letters: Letters
    settling: Settling
    persons: Persons
    deidentifying: Deidentifying
    feed: Feed
    hooks: hooking.Desk
    echo: Callable[[Device], EchoOutcome]
    status: Callable[[], NodeStatus]
    network: Callable[[bool], NetworkView]  # whether with all that administrators see
    switchboard: Switchboard | None = None  # only in a demonstration
    secure: bool  # served over TLS: the cookie says so

    def claiming(self, visitor: Visitor) -> claim.Desk:
        """Return what claiming needs for this visitor."""
        return claim.Desk(
            exams=self.exams,
            claims=self.claims,
            audit=self.desk.audit,
            scope=visitor.scope,
            gate=self.asking.island,
        )

    def writing(self, visitor: Visitor) -> report.Desk:
        """Return what writing a report needs for this visitor."""
        return report.Desk(
            exams=self.exams, drafts=self.drafts, audit=self.desk.audit, scope=visitor.scope
        )

    def signing(self, visitor: Visitor) -> sign.Desk:
        """Return what signing needs for this visitor."""
        return sign.Desk(
            exams=self.exams,
            drafts=self.drafts,
            documents=self.documents,
            claims=self.claims,
            organisations=self.desk.organisations,
            audit=self.desk.audit,
            scope=visitor.scope,
            node=self.node.name,
        )

    def asking_desk(self, visitor: Visitor) -> ask.Desk:
        """Return what asking for a reading needs for this visitor. Raises `NotFound`."""
        tenant = visitor.person.tenant
        held = self.desk.organisations.organisation(tenant=tenant)
        if held is None:
            raise NotFound(f"no organisation {tenant} on this node")
        return ask.Desk(
            requests=self.asking.requests,
            agreements=self.asking.agreements,
            travel=self.asking.travel,
            exams=self.exams,
            opposed=self._opposed,
            audit=self.desk.audit,
            scope=visitor.scope,
            site=Site(tenant, self.asking.node, held.name),
        )

    def _opposed(self, patient: PatientIdentifier, tenant: TenantId) -> bool:
        said = self.oppositions.said([patient], tenant=tenant).get(patient)
        return said is not None and said.opposed

    def opposing(self, visitor: Visitor) -> oppose.Desk:
        """Return what writing an opposition down needs for this visitor."""
        return oppose.Desk(
            oppositions=self.oppositions,
            audit=self.desk.audit,
            scope=visitor.scope,
            door=DOOR,
        )

    def published(self, visitor: Visitor) -> published.Desk:
        """Return what reading signed reports needs for this visitor."""
        return published.Desk(
            documents=self.documents,
            audit=self.desk.audit,
            scope=visitor.scope,
            writes=visitor.may(Permission.WRITE_REPORTS),
            door=DOOR,
        )

    def counter(self, visitor: Visitor) -> Counter:
        """Return what sharing a result needs for this visitor."""
        return Counter(
            exams=self.exams,
            links=self.sharing.links,
            secrets=self.sharing.secrets(),
            audit=self.desk.audit,
            scope=visitor.scope,
            door=DOOR,
        )

    def office(self, visitor: Visitor) -> Office:
        """Return where this visitor makes changes."""
        return Office(
            organisations=self.desk.organisations,
            accounts=self.desk.accounts,
            credentials=self.desk.credentials,
            audit=self.desk.audit,
            scope=visitor.scope,
            permissions=visitor.permissions,
            door=DOOR,
        )


def given(request: Request) -> WebServices:
    """Return the services that `router` was built with."""
    return cast("WebServices", request.state.web)


Services = Annotated[WebServices, Depends(given)]

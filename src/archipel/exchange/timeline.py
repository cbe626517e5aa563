"""A person over the nodes: studies that others announced, and which node may know of more.

The announcements are here already, so the first answer needs no line; what a node has not told
yet is named by its line's state. Identifiers are issuer-qualified: a name never joins two.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from archipel.archive.model import StudyKey
from archipel.exchange import hlc
from archipel.exchange.fold import identity, objects
from archipel.exchange.fold.objects import Presence
from archipel.exchange.links import Line
from archipel.exchange.model import Fact, NodeName
from archipel.exchange.ports import Owners, Transfers
from archipel.exchange.transfer import Transfer
from archipel.kernel.errors import Malformed
from archipel.kernel.identifiers import PatientIdentifier, TenantId
from archipel.kernel.uid import Uid

PATIENT, STUDY = "patient:", "study:"


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignStudy:
    """A study at another node, as its home announced it. Texts are as DICOM writes them."""

    key: StudyKey
    home: NodeName
    patient: str  # ISSUER|VALUE, as its home files the patient
    date: str
    time: str
    description: str
    modalities: tuple[str, ...]
    accession: str
    referring_physician: str
    instances: int
    series: int
    size_bytes: int
    low_bytes: int
    announced_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """How far another node's word goes here: it may have more where its line is not up."""

    node: NodeName
    tenants: tuple[TenantId, ...]  # at home there
    line: Line
    since: datetime | None
    heard_at: datetime | None  # the last answer of its feed
    shares: bool  # it lets this node know of its studies


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a study that is here came from. Every byte was checked against `manifest`."""

    node: str
    manifest: str  # SHA-256
    revision: int
    size_bytes: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """A transfer with what its link gives. Seconds and rate are None where nothing is known."""

    transfer: Transfer
    rate_bytes_per_s: float | None
    due_in_s: float | None


class Elsewhere(Protocol):
    """What other nodes have, and how far it can be had."""

    @property
    def here(self) -> NodeName:
        """This node."""

    @property
    def owners(self) -> Owners:
        """Which node is the home of which organisation."""

    @property
    def transfers(self) -> Transfers:
        """What is fetched."""

    def homes(self) -> Mapping[TenantId, NodeName]:
        """Every home that was stated."""

    def studies(self, patients: Collection[PatientIdentifier]) -> Sequence[ForeignStudy]:
        """Give what others announced of these patients and may be shown, latest first."""

    def reach(self) -> Sequence[Reach]:
        """Every other node that is not revoked, by name."""

    def progress(self, transfers: Sequence[Transfer]) -> Sequence[Progress]:
        """Tell how each of these comes on."""

    def origin(self, key: StudyKey) -> Origin | None:
        """Where a study came from; None for our own."""


def key_of(patient: PatientIdentifier) -> str:
    """Write an issuer-qualified identifier as facts do."""
    return f"{patient.issuer.namespace}|{patient.value}"


def joined(patients: Collection[str], linked: Collection[Fact]) -> frozenset[str]:
    """Return these identifiers and those that people linked to them, but no contested one."""
    told = identity.fold(linked)
    found = set(patients)
    for person in told.persons:
        if found & set(person):
            found |= set(person)
    return frozenset(found)


def announced(facts: Collection[Fact]) -> Sequence[ForeignStudy]:
    """Read the studies that these facts announce, without those recalled, latest first."""
    by_subject: dict[tuple[TenantId, str], list[Fact]] = {}
    for fact in facts:
        if fact.subject.startswith(STUDY):
            by_subject.setdefault((fact.tenant, fact.subject), []).append(fact)
    found = []
    for said in by_subject.values():
        for home, held in objects.fold(said).items():
            told = objects.newest(said, home)
            if told is not None and held.presence is Presence.AVAILABLE:
                study = _study(told)
                found += [study] if study else []
    return sorted(found, key=lambda one: (one.date, one.time, str(one.key)), reverse=True)


def _study(told: Fact) -> ForeignStudy | None:
    """Read an announcement; None when it names no study or says nothing that can be read."""
    study, accession = _members(told.body, "study"), _members(told.body, "accession")
    modalities, series = told.body.get("modalities"), told.body.get("series")
    try:
        key = StudyKey(told.tenant, Uid(told.subject.removeprefix(STUDY)))
    except Malformed:
        return None
    return ForeignStudy(
        key=key,
        home=told.home,
        patient=told.patient.removeprefix(PATIENT),
        date=_text(study, "date"),
        time=_text(study, "time"),
        description=_text(study, "description"),
        modalities=tuple(str(one) for one in modalities) if isinstance(modalities, list) else (),
        accession=_text(accession, "number"),
        referring_physician=_text(study, "referring_physician"),
        instances=_number(told.body, "instances"),
        series=len(series) if isinstance(series, list) else 0,
        size_bytes=_number(told.body, "size_bytes"),
        low_bytes=_number(told.body, "low_bytes"),
        announced_at=hlc.moment_of(told.clock),
    )


def _members(body: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = body.get(name)
    return value if isinstance(value, Mapping) else {}


def _text(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    return value if isinstance(value, str) else ""


def _number(body: Mapping[str, Any], name: str) -> int:
    value = body.get(name)
    return value if type(value) is int and value >= 0 else 0

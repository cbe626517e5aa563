"""A web door on a real socket: granian, SQLite, real use cases, two organisations."""

import asyncio
import shutil
import socket
import threading
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from blake3 import blake3
from granian.constants import Interfaces
from granian.server.embed import Server

from archipel.access import enrol
from archipel.access.authenticate import Desk
from archipel.access.model import Device, Organisation, Person, Role, Service
from archipel.app.operations.letters import Letters
from archipel.archive.ingest import ingest
from archipel.archive.model import Batch, JournalPlace, Receipt, Recorded, StudyKey
from archipel.archive.quality.bin import Bench
from archipel.archive.quality.ports import File
from archipel.exchange.model import NodeName
from archipel.exchange.timeline import ForeignStudy, Progress, Reach
from archipel.exchange.transfer import Transfer
from archipel.kernel.actors import Scope
from archipel.kernel.aetitle import AETitle
from archipel.kernel.clock import utc_now
from archipel.kernel.errors import NotFound
from archipel.kernel.identifiers import Issuer, PatientIdentifier, TenantId
from archipel.protocols.web.application import application
from archipel.protocols.web.models.network import NetworkView
from archipel.protocols.web.models.node import Disk, Holdings, Lag, NodeStatus, Scrub
from archipel.protocols.web.models.session import NodeBrief
from archipel.protocols.web.models.settling import Comparison
from archipel.protocols.web.services import (
    AskingPorts,
    EchoOutcome,
    NodeIdentity,
    Settling,
    Sharing,
    WebServices,
)
from archipel.protocols.web.visitors import recogniser
from archipel.protocols.webhook.addresses import networks_of
from archipel.protocols.webhook.courier import HttpCourier
from archipel.reading.model import Exam, ExamId, KeyImage, Urgency
from archipel.reading.request.island import Island
from archipel.reading.request.model import Arrival, Line, Way
from archipel.reading.urgency import set_urgency
from archipel.results.hooks.deliver import Desk as HookDesk
from archipel.results.secrets import Secrets
from archipel.standards.dicom.header import scan
from archipel.stores.sql.access import SqlDevices, SqlOrganisations
from archipel.stores.sql.accounts import SqlAccounts
from archipel.stores.sql.archive.differences import SqlDifferences
from archipel.stores.sql.archive.quarantine import SqlQuarantine
from archipel.stores.sql.archive.studies import SqlStudies
from archipel.stores.sql.archive.writer import SqlIndex
from archipel.stores.sql.audit import SqlAudit
from archipel.stores.sql.credentials import SqlAttempts, SqlCredentials
from archipel.stores.sql.facts import open_log
from archipel.stores.sql.following.withholding import SqlOppositions
from archipel.stores.sql.identity import SqlPersons
from archipel.stores.sql.migrations import migrate
from archipel.stores.sql.peering.homes import SqlOwners
from archipel.stores.sql.reading import SqlChanges, SqlClaims, SqlDrafts
from archipel.stores.sql.reading_documents import SqlDocuments
from archipel.stores.sql.reading_exams import SqlExams
from archipel.stores.sql.requests import SqlReadingAgreements, SqlRequests
from archipel.stores.sql.results.correspondents import SqlCorrespondents
from archipel.stores.sql.results.feed import SqlFeed
from archipel.stores.sql.results.hooks import SqlWebhooks
from archipel.stores.sql.results.links import SqlLinks, SqlReleases
from archipel.stores.sql.results.mails import SqlMails
from archipel.stores.sql.session import Database, open_database
from archipel.stores.sql.transfers import SqlTransfers
from archipel.testing.exams import drawing, hold
from archipel.testing.peers.plain import PLAIN

NORTH, SOUTH = TenantId("north"), TenantId("south")
PEOPLE = {
    "radio-north": (NORTH, Role.RADIOLOGIST),
    "second-north": (NORTH, Role.RADIOLOGIST),
    "radio-south": (SOUTH, Role.RADIOLOGIST),
    "technologist-north": (NORTH, Role.TECHNOLOGIST),
    "secretary-north": (NORTH, Role.SECRETARY),
    "referrer-north": (NORTH, Role.REFERRER),
    "admin-north": (NORTH, Role.SITE_ADMIN),
    "admin-south": (SOUTH, Role.SITE_ADMIN),
    "network": (NORTH, Role.NETWORK_ADMIN),
    "identity-north": (NORTH, Role.IDENTITY_OFFICER),
    "identity-south": (SOUTH, Role.IDENTITY_OFFICER),
    "governance": (NORTH, Role.GOVERNANCE),
}
PASSWORD = "ouassou-ti-punch-42"
IDENTITY = NodeIdentity(
    name="TEST node", community="test", version="0", demo=True, time_zone="America/Cayenne"
)


class NothingHeld:
    """This door stands before no archive: `tests/unit/deidentify/test_export.py` has one."""

    def export(self, *_: Any, **__: Any) -> Any:
        raise NotFound("nothing is held here")


class IntoIndex:
    """Decisions on quality taken in at once: the one way in, without a journal on a disk."""

    def __init__(self, database: Database) -> None:
        self._index, self._at = SqlIndex(database), 0

    def store(self, files: Iterable[File], *, tenant: TenantId, decision: str) -> None:
        for one in files:
            self._at += 1024
            place = JournalPlace(900, self._at)
            receipt = Receipt(
                tenant=tenant,
                patient_issuer="test",
                source="node",
                peer="",
                door="worker",
                association=decision,
                sop_class=one.sop_class,
                sop_instance=one.sop_instance,
                transfer_syntax=one.transfer_syntax,
                digest=blake3(one.body).digest(),
                received_at=utc_now(),
                header=scan(one.body, one.transfer_syntax.value),
            )
            record = Recorded(
                place=place,
                end=self._at + 1024,
                size_bytes=len(one.body),
                receipt=receipt,
                read=partial(bytes, one.body),
            )
            taken = Batch(segment=900, end=record.end, records=(record,))
            with self._index.transaction() as transaction:
                ingest([taken], index=transaction, now=utc_now())


class NothingKept:
    """Records set aside that have rows and no bytes."""

    def compare(self, place: JournalPlace, *, scope: Scope) -> Comparison:
        """See the port: nothing is held."""
        del place, scope
        return Comparison(held=False, compared=False, attributes=[], pixels=False)

    def picture(self, place: JournalPlace, *, second: bool, scope: Scope) -> bytes:
        """See the port: there is none."""
        del place, second, scope
        raise NotFound("there is no picture of it")

    def file(self, place: JournalPlace, *, scope: Scope) -> Iterator[bytes]:
        """See the port: one piece."""
        del place, scope
        yield b"DICM"


class NoPictures:
    """Key images of exams that have rows and no bytes."""

    def picture(self, image: KeyImage, *, scope: Scope) -> None:
        """See the port: not held here."""

    def sop_class(self, image: KeyImage, *, scope: Scope) -> None:
        """See the port: not held here."""


class AtOnce:
    """Travel on a node without neighbours: only itself is reached."""

    def way(self, node: str, *, exam: ExamId | None) -> Way:
        """See the port."""
        del exam
        return Way(reachable=node == "test", images_in=timedelta())

    def line(self, node: str) -> Line:
        """See the port."""
        return Line(node=node, cut=node != "test")


class Alone:
    """`exchange.timeline.Elsewhere` of a node without neighbours; real transfers and homes."""

    here = NodeName("test")

    def __init__(self, database: Database) -> None:
        self.owners, self.transfers = SqlOwners(database), SqlTransfers(database)

    def homes(self) -> Mapping[TenantId, NodeName]:
        """See the port."""
        return self.owners.all()

    def studies(self, patients: Collection[PatientIdentifier]) -> Sequence[ForeignStudy]:
        """See the port: nobody announced anything."""
        del patients
        return []

    def reach(self) -> Sequence[Reach]:
        """See the port: nobody is there."""
        return []

    def progress(self, transfers: Sequence[Transfer]) -> Sequence[Progress]:
        """See the port: no link was measured."""
        return [Progress(transfer=t, rate_bytes_per_s=None, due_in_s=None) for t in transfers]

    def origin(self, key: StudyKey) -> None:
        """See the port: all was made here."""


class Nothing:
    """Arrivals on a node without neighbours."""

    def under_way(self, *, scope: Scope, now: datetime) -> dict[ExamId, Arrival]:
        """See the port: nothing comes."""
        del scope, now
        return {}


@dataclass
class Clock:
    """The time, which a test may push forward."""

    ahead: timedelta = timedelta()

    def __call__(self) -> datetime:
        return utc_now() + self.ahead


@dataclass
class Door:
    """The door and what a test needs to know of it."""

    url: str
    database: Database
    services: WebServices
    clock: Clock
    exam: Exam
    prior: Exam
    shared: Exam
    office: enrol.Office
    tokens: dict[str, str] = field(default_factory=dict)

    def client(self, login: str | None = None) -> httpx.Client:
        """Open a client that acts as `login` by bearer token, or as nobody."""
        if login and login not in self.tokens:
            now = self.clock()
            self.tokens[login], _ = enrol.create_token(login, "t", office=self.office, now=now)
        headers = {"Authorization": f"Bearer {self.tokens[login]}"} if login else {}
        return httpx.Client(base_url=self.url, headers=headers, timeout=20, verify=PLAIN)

    def share(self) -> ExamId:
        """Set the urgency of an exam that the south sees too, and return its name."""
        scope = Scope(self.office.scope.actor, frozenset({NORTH}))
        set_urgency(
            self.shared.id,
            Urgency.STAT,
            scope=scope,
            exams=self.services.exams,
            audit=self.services.desk.audit,
            now=self.clock(),
        )
        return self.shared.id


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("web") / "index.db"
    database = open_database(f"sqlite:///{path}")
    migrate(database)
    with database.write() as connection:
        open_log(connection, NodeName("test"), now=utc_now())
    database.close()
    return path


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory, migrated: Path) -> Iterator[Door]:
    path = tmp_path_factory.mktemp("door") / "index.db"
    shutil.copy(migrated, path)
    database, clock = open_database(f"sqlite:///{path}"), Clock()
    services, office = furnished(database, clock)
    draw = drawing(NORTH, now=clock())
    prior = draw(person="p1", studied=datetime(2025, 1, 5, 9))  # noqa: DTZ001  (local, as DICOM says)
    exam = draw(person="p1", studied=clock().replace(tzinfo=None))
    for one in (prior, exam):
        hold(database, one)
    west = TenantId("west")
    shared = draw(name="TEST-SHARED^Sam", study="9.8.7", issuer="west", tenant=west)
    hold(database, shared, [NORTH, SOUTH])
    with served(services) as url:
        yield Door(url, database, services, clock, exam, prior, shared, office)
    database.close()


def furnished(database: Database, clock: Clock) -> tuple[WebServices, enrol.Office]:
    """Build the services over SQLite, with two organisations and their people."""
    organisations, accounts = SqlOrganisations(database), SqlAccounts(database)
    credentials, audit = SqlCredentials(database), SqlAudit(database)
    office = enrol.operators_office(
        organisations=organisations,
        accounts=accounts,
        credentials=credentials,
        audit=audit,
        name="test",
    )
    now = clock()
    for key in (NORTH, SOUTH):
        named = Organisation(
            key=key,
            name=f"TEST CH {key}",
            issuer=Issuer(key.value),
            finess=None,
            ae_titles=(AETitle(key.value.upper()),),
        )
        enrol.add_organisation(named, office=office, now=now)
        scanner = Device(
            ae_title=AETitle(f"CT_{key.value.upper()}"),
            tenant=key,
            host="127.0.0.1",
            port=11112,
            may=frozenset({Service.STORE}),
        )
        enrol.register_device(scanner, office=office, now=now)
        SqlDevices(database).knocked(
            AETitle(f"MR_{key.value.upper()}"),
            AETitle(key.value.upper()),
            host="10.0.0.9",
            now=now,
        )
    for login, (tenant, role) in PEOPLE.items():
        person = Person(login=login, name=f"TEST {login}", tenant=tenant, role=role)
        if login == "radio-north":  # hashing a password is slow on purpose: one is enough
            enrol.add_person_with_password(person, PASSWORD, office=office, now=now)
        else:
            enrol.add_person(person, office=office, now=now)
    desk = Desk(
        accounts=accounts,
        credentials=credentials,
        attempts=SqlAttempts(database),
        organisations=organisations,
        audit=audit,
    )
    services = WebServices(
        node=IDENTITY,
        clock=clock,
        recognise=recogniser(desk, clock=clock, secure=False),
        desk=desk,
        trail=audit,
        exams=SqlExams(database),
        claims=SqlClaims(database),
        drafts=SqlDrafts(database),
        documents=SqlDocuments(database),
        pictures=NoPictures(),
        changes=SqlChanges(database),
        sharing=Sharing(
            links=SqlLinks(database),
            releases=SqlReleases(database),
            correspondents=SqlCorrespondents(database),
            mails=SqlMails(database),
            trail=audit,
            secrets=lambda: Secrets(b"k" * 32),
            address="https://results.test/portal/",
            mailed=True,
        ),
        asking=AskingPorts(
            node="test",
            requests=SqlRequests(database),
            agreements=SqlReadingAgreements(database),
            travel=AtOnce(),
            arrivals=Nothing(),
            island=Island(
                node="test",
                requests=SqlRequests(database),
                travel=AtOnce(),
                routine_alone=False,
            ),
        ),
        elsewhere=Alone(database),
        oppositions=SqlOppositions(database),
        quarantine=SqlQuarantine(database),
        settling=Settling(
            differences=SqlDifferences(database),
            comparing=NothingKept(),
            quality=Bench(studies=SqlStudies(database), deposit=IntoIndex(database), audit=audit),
        ),
        persons=SqlPersons(database),
        deidentifying=NothingHeld(),
        feed=SqlFeed(database),
        hooks=HookDesk(
            webhooks=SqlWebhooks(database, SqlFeed(database)),
            feed=SqlFeed(database),
            courier=HttpCourier(private=networks_of("127.0.0.0/8"), timeout_s=2.0),
            key=b"k" * 32,
        ),
        letters=Letters(database, audit, clock, door="web"),
        echo=lambda device: EchoOutcome(ok=True, duration_ms=1, detail=str(device.ae_title)),
        status=status,
        network=network,
        secure=False,
    )
    return services, office


def status() -> NodeStatus:
    """Return a status of the right shape: gathering it is the wiring's."""
    now = datetime.now(UTC)  # noqa: TID251  (no clock is handed to this callable)
    return NodeStatus(
        node=NodeBrief(name="TEST node", community="test", version="0", demo=True, time_zone=""),
        started_at=now,
        server_time=now,
        read_only=False,
        read_only_reason=None,
        doors=[],
        processes=[],
        disk=Disk(total_bytes=2, free_bytes=1),
        holdings=Holdings(studies=0, series=0, instances=0, bytes=0),
        lag=Lag(
            journal_bytes=0,
            unindexed_bytes=0,
            index_lag_s=0,
            series_to_seal=0,
            outbox_waiting=0,
        ),
        lanes=[],
        scrub=Scrub(
            began_at=None, ended_at=None, objects=0, bytes=0, damaged=0, strays=0, open_damage=0
        ),
        quarantined=0,
        alarms=[],
    )


def network(complete: bool) -> NetworkView:
    """Return a page of the right shape: gathering it is the wiring's."""
    return NetworkView(
        here="test",
        as_of=datetime.now(UTC),  # noqa: TID251  (no clock is handed to this callable)
        complete=complete,
        switches=False,
        nodes=[],
        links=[],
        works=[],
        journal=[],
    )


class served:  # noqa: N801  (reads as a verb after `with`)
    """Run granian on a free port, in a loop of its own thread."""

    def __init__(self, services: WebServices) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = probe.getsockname()[1]
        app = application(services)
        self._server = Server(
            app, "127.0.0.1", self._port, interface=Interfaces.ASGINL, log_enabled=False
        )
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> str:
        self._thread.start()
        url = f"http://127.0.0.1:{self._port}"
        for _ in range(200):
            try:
                httpx.get(f"{url}/api/welcome", timeout=1, verify=PLAIN)
            except httpx.TransportError:
                threading.Event().wait(0.05)
            else:
                return url
        raise AssertionError("the door does not open within 10 s")

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._server.stop)
        self._thread.join(10)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._server.serve())
        finally:
            self._loop.close()

"""The DICOMweb door over memory ports, and small instances to put through it."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import httpx
import numpy as np
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Mount

from archipel.access.errors import NotSignedIn
from archipel.access.model import Permission, Person, Role, Visitor
from archipel.archive.ports import Commitments
from archipel.kernel.actors import Actor, ActorKind, Scope
from archipel.kernel.identifiers import Issuer, TenantId
from archipel.kernel.uid import Uid
from archipel.protocols.dicomweb import DicomwebServices, Limits, across_origins, router
from archipel.standards.dicom import part10
from archipel.standards.dicom.dataset import DataSet, Element, write
from archipel.stores.sql.orders.steps import SqlWorkitems
from archipel.testing.memory import MemoryArchive, MemoryAudit, MemoryCatalogue, MemoryJournal
from archipel.testing.memory_commitments import MemoryCommitments
from archipel.testing.memory_images import InlineWorkshop, MemoryImages

WEST, EAST = TenantId("ouest"), TenantId("est")
EXPLICIT, IMPLICIT = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2"
CT = Uid("1.2.840.10008.5.1.4.1.1.2")
EVERYTHING = frozenset(
    {
        Permission.SEE_EXAMS,
        Permission.READ_IMAGES,
        Permission.STORE_IMAGES,
        Permission.PERFORM_STEPS,
    }
)


def visitor(tenant: TenantId, permissions: frozenset[Permission] = EVERYTHING) -> Visitor:
    """Make somebody of one organisation."""
    login = f"test-{tenant}"
    person = Person(login=login, name="TEST-Lise", tenant=tenant, role=Role.RADIOLOGIST)
    return Visitor(
        person=person,
        scope=Scope(Actor(ActorKind.PERSON, login), frozenset({tenant})),
        permissions=permissions,
        csrf=None,
        session=None,
        expires_at=datetime(2030, 1, 1, tzinfo=UTC),
    )


class Loopback(httpx.BaseTransport):
    """Speaks to an ASGI application without a socket.

    Its loop has a thread of its own: the browser's driver keeps one running in the tests' thread.
    """

    def __init__(self, app: Starlette) -> None:
        self._app = httpx.ASGITransport(app)
        self._thread = ThreadPoolExecutor(1)
        self._runner = asyncio.Runner()

    def close(self) -> None:
        """Let the loop and its threads go."""
        self._thread.submit(self._runner.close).result()
        self._thread.shutdown()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request and read the whole answer."""
        return self._thread.submit(self._run, request).result()

    def _run(self, request: httpx.Request) -> httpx.Response:
        return self._runner.run(self._handle(request))

    async def _handle(self, request: httpx.Request) -> httpx.Response:
        answer = await self._app.handle_async_request(request)
        raw = b"".join([piece async for piece in answer.aiter_raw()])
        headers = [(k, v) for k, v in answer.headers.raw if k != b"transfer-encoding"]
        return httpx.Response(answer.status_code, headers=headers, content=raw)


@dataclass(slots=True)
class World:
    """Everything behind the door; `client` speaks to it as somebody of the west."""

    archive: MemoryArchive = field(default_factory=MemoryArchive)
    audit: MemoryAudit = field(default_factory=MemoryAudit)
    now: datetime = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
    visitors: dict[str, Visitor] = field(
        default_factory=lambda: {"west": visitor(WEST), "east": visitor(EAST)}
    )
    limits: Limits = field(default_factory=Limits)
    origins: tuple[str, ...] = ()
    workitems: SqlWorkitems | None = None
    commitments: Commitments = field(default_factory=MemoryCommitments)

    def visitor(self, request: Request) -> Visitor:
        """Recognise a bearer token."""
        _, _, token = request.headers.get("authorization", "").partition(" ")
        if token not in self.visitors:
            raise NotSignedIn
        return self.visitors[token]

    def services(self) -> DicomwebServices:
        """Give what the door needs."""
        return DicomwebServices(
            visitor=self.visitor,
            issuer_of=lambda tenant: Issuer(f"issuer-{tenant}"),
            catalogue=MemoryCatalogue(self.archive),
            contents=MemoryImages(self.archive),
            journal=MemoryJournal(self.archive),
            audit=self.audit,
            workshop=InlineWorkshop(),
            workitems=self.workitems,
            commitments=self.commitments,
            clock=lambda: self.now,
            limits=self.limits,
        )

    def client(self, who: str = "west") -> httpx.Client:
        """Open a client that holds a token."""
        door = across_origins(router(self.services()), self.origins)
        app = Starlette(routes=[Mount("/dicomweb", door)])
        headers = {"Authorization": f"Bearer {who}"}
        return httpx.Client(
            transport=Loopback(app), base_url="http://node/dicomweb", headers=headers
        )

    def later(self, seconds: int) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)


@dataclass(frozen=True, slots=True)
class Slice:
    """One small CT image as a file."""

    study: str
    series: str
    instance: str
    pixels: np.ndarray
    dataset: bytes
    file: bytes

    @property
    def path(self) -> str:
        """Where WADO-RS has it."""
        return f"/studies/{self.study}/series/{self.series}/instances/{self.instance}"


MakeSlice = Callable[..., Slice]


def make_slice(
    study: str = "1.2.3",
    series: str = "1.2.3.4",
    number: int = 1,
    transfer_syntax: str = EXPLICIT,
    texts: dict[int, str] | None = None,
    shape: tuple[int, int] = (24, 32),
) -> Slice:
    """Make one; its pixels are a ramp shifted by its number, signed 16 bits."""
    rows, columns = shape
    ramp = np.arange(rows * columns, dtype=np.int16).reshape(rows, columns) - 300 + number
    instance = f"{series}.{number}"
    made = DataSet()
    base = {
        0x00080005: "ISO_IR 192",
        0x00080016: CT.value,
        0x00080018: instance,
        0x00080020: "20261123",
        0x00080030: "101500",
        0x00080050: "ACC-7",
        0x00080060: "CT",
        0x00080090: "TEST-Référent^Anne",
        0x0008103E: "Thorax",
        0x00100010: "TEST-Éloïse^Zoé",
        0x00100020: "IPP-1",
        0x00100030: "19700102",
        0x00100040: "F",
        0x0020000D: study,
        0x0020000E: series,
        0x00200010: "S1",
        0x00200011: "2",
        0x00200013: str(number),
        0x00280002: "1",
        0x00280004: "MONOCHROME2",
        0x00280010: str(rows),
        0x00280011: str(columns),
        0x00280100: "16",
        0x00280101: "16",
        0x00280102: "15",
        0x00280103: "1",
        0x00281050: "40",
        0x00281051: "400",
        0x00281052: "0",
        0x00281053: "1",
    }
    for tag, text in sorted({**base, **(texts or {})}.items()):
        made.set_text(tag, text)
    made.elements[0x7FE00010] = Element("OW", ramp.astype("<i2").tobytes())
    dataset = write(made, transfer_syntax)
    head = part10.meta(
        sop_class=CT, sop_instance=Uid(instance), transfer_syntax=Uid(transfer_syntax)
    )
    return Slice(study, series, instance, ramp, dataset, head + dataset)


def multipart(files: list[bytes], boundary: str = "test-boundary") -> tuple[bytes, dict[str, str]]:
    """Lay files into a STOW-RS body; also its headers."""
    parts = b"".join(
        f"--{boundary}\r\nContent-Type: application/dicom\r\n\r\n".encode() + file + b"\r\n"
        for file in files
    )
    kind = f'multipart/related; type="application/dicom"; boundary={boundary}'
    return parts + f"--{boundary}--\r\n".encode(), {"Content-Type": kind}


def parts_of(content: bytes, content_type: str) -> list[tuple[str, bytes]]:
    """Take a multipart body apart: (head, content) of each part."""
    boundary = content_type.split("boundary=")[1].strip('"').encode()
    pieces = (b"\r\n" + content).split(b"\r\n--" + boundary)
    assert pieces[-1].strip() == b"--"
    found = []
    for piece in pieces[1:-1]:
        head, _, body = piece.partition(b"\r\n\r\n")
        found.append((head.decode().strip(), body))
    return found


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def client(world: World) -> Iterator[httpx.Client]:
    with world.client() as opened:
        yield opened


@pytest.fixture
def new_slice() -> MakeSlice:
    return make_slice


@pytest.fixture
def as_multipart() -> Callable[..., tuple[bytes, dict[str, str]]]:
    return multipart


@pytest.fixture
def apart() -> Callable[[bytes, str], list[tuple[str, bytes]]]:
    return parts_of


@pytest.fixture
def stored(client: httpx.Client) -> list[Slice]:
    """Three slices of one series, stored through the door."""
    slices = [make_slice(number=number) for number in (1, 2, 3)]
    body, headers = multipart([one.file for one in slices])
    answer = client.post("/studies", content=body, headers=headers)
    assert answer.status_code == 200, answer.text
    return slices

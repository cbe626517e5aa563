"""The serving side of pack transfer: manifests, digests, chunks (exchange/1 under /x/1).

A peer is known before anything is looked up; every study it touches is admitted by scope and by
the assertion of the person (or of the prefetcher) it acts for, and stands in the audit before its
first byte leaves. A root that the study's manifest no longer names is gone (410).
"""

import asyncio
import json
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from archipel.access.model import Action, AuditEntry
from archipel.archive.model import StudyKey
from archipel.exchange.errors import Superseded
from archipel.exchange.manifest import (
    CHUNK_BYTES,
    SEGMENT_LIST_BYTES,
    spine_of,
)
from archipel.exchange.offered import OfferedPack, OfferedStudy
from archipel.exchange.ports import Offers
from archipel.exchange.schedule import TransferClass
from archipel.kernel.actors import Actor
from archipel.kernel.clock import Clock
from archipel.kernel.errors import Exhausted, Malformed, NotFound
from archipel.kernel.identifiers import TenantId
from archipel.kernel.uid import Uid
from archipel.protocols.peer.egress import EgressPump
from archipel.protocols.peer.pack_answers import FRAMES, Piece, Shaped, frame

MANIFEST_HEADER = "Archipel-Manifest"
DOOR = "peer"
CHANGED = "the study has changed: fetch its manifest again"
SPINE = -1  # in a request for lists: the digests of the segments
_REQUEST_BYTES = 32 << 10
_LISTS, _READS = 128, 16
_LOOKED_UP_S = 2.0  # for so long a pack that was superseded may still be served
_PACKS_KEPT = 128
_AUDITED_S = 600.0
_ADMITTED_S = 5.0  # an agreement that is withdrawn holds no longer than this
_ADMISSIONS_KEPT = 4096


class Ranges(Protocol):
    """A pack file as bytes."""

    size_bytes: int

    def read(self, offset: int, length: int) -> bytes:
        """Return `length` bytes from `offset`, fewer at the end. Raises `Unavailable`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerReader:
    """Who reads: which node, and for whom."""

    node: str
    actor: Actor
    purpose: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PackServices:
    """What the routes need.

    `admit` raises `Refused` and tells who reads, for whom; it is asked anew for each study every
    few seconds. `asker` names the connection's node without asking anybody. `adopted` reads and
    hashes a pack that came from its home, which may ask for its bytes back.
    """

    offers: Offers
    ranges: Callable[[str, int], Ranges]
    admit: Callable[[Request, StudyKey], PeerReader]
    asker: Callable[[Request], str]
    audit: Callable[[Sequence[AuditEntry]], None]
    egress: EgressPump
    clock: Clock
    adopted: Callable[[str], OfferedPack | None] = lambda _root: None


@dataclass(slots=True)
class _Open:
    offered: OfferedPack
    ranges: Ranges
    looked_up_s: float


@dataclass(frozen=True, slots=True)
class _Admission:
    reader: PeerReader
    asked_s: float
    audited_s: float


@dataclass(slots=True)
class PackServer:
    """The routes. For any number of peers at once, in one event loop."""

    services: PackServices
    _packs: "OrderedDict[str, _Open]" = field(default_factory=OrderedDict)
    _admissions: "OrderedDict[tuple[str, StudyKey], _Admission]" = field(
        default_factory=OrderedDict
    )

    def routes(self) -> list[Route]:
        """Return what this door answers."""
        return [
            Route("/x/1/ready", self.ready),
            Route("/x/1/studies/{tenant}/{study}", self.study),
            Route("/x/1/manifests/{digest}", self.manifest),
            Route("/x/1/lists", self.lists, methods=["POST"]),
            Route("/x/1/read", self.read, methods=["POST"]),
        ]

    async def ready(self, request: Request) -> Response:
        """Answer that this node is here, on the connection that asks."""
        del request
        return Response(status_code=204)

    async def study(self, request: Request) -> Response:
        """Give the manifest of a study as it is now."""
        key = StudyKey(TenantId(request.path_params["tenant"]), Uid(request.path_params["study"]))

        def found() -> OfferedStudy:
            self._admitted(request, key)
            offered = self.services.offers.manifest(key)
            if offered is None:
                raise NotFound("this node offers no such study")
            return offered

        return _manifest(await asyncio.to_thread(found))

    async def manifest(self, request: Request) -> Response:
        """Give a manifest by its digest; 410 when the study has another by now."""
        digest = request.path_params["digest"]

        def found() -> OfferedStudy:
            offered = self.services.offers.by_digest(digest)
            if offered is None:
                raise NotFound("this node offers no such study")
            self._admitted(request, offered.key)
            if not offered.current:
                raise Superseded(CHANGED)
            return offered

        return _manifest(await asyncio.to_thread(found))

    async def lists(self, request: Request) -> Response:
        """Give digests: of a pack's segments, or of a segment's chunks."""
        asked = await _pairs(request, "lists", most=_LISTS)

        def found() -> bytes:
            answers = []
            for index, (root, segment) in enumerate(asked):
                described = self._pack(request, root).offered.described
                if segment == SPINE:
                    answers.append(frame(index, spine_of(described.leaves)))
                    continue
                if not 0 <= segment < described.entry.segments:
                    raise NotFound(f"the pack has no segment {segment}")
                at = segment * SEGMENT_LIST_BYTES
                answers.append(frame(index, described.leaves[at : at + SEGMENT_LIST_BYTES]))
            return b"".join(answers)

        return Response(await asyncio.to_thread(found), media_type=FRAMES)

    async def read(self, request: Request) -> Response:
        """Give chunks, each when its turn comes."""
        said = await _body(request)
        asked = _pairs_of(said, "reads", most=_READS)
        try:
            of_class = TransferClass(said.get("class", TransferClass.ROUTINE))
        except ValueError:
            raise Malformed("no such class of transfer") from None
        if of_class is TransferClass.CONTROL:
            raise Malformed("pixels do not travel in the class of control")

        def found() -> tuple[str, list[Piece]]:
            pieces, node = [], ""
            for index, (root, chunk) in enumerate(asked):
                opened, node = self._reading(request, root)
                entry = opened.offered.described.entry
                if not 0 <= chunk < entry.chunks:
                    raise NotFound(f"the pack has no chunk {chunk}")
                pieces.append(_piece(opened.ranges, index, chunk, entry.chunk_bytes(chunk)))
            return node, pieces

        node, pieces = await asyncio.to_thread(found)
        if self.services.egress.full:
            raise Exhausted("too much waits to be sent: ask again later")
        return Shaped(pieces, egress=self.services.egress, peer=node, of_class=of_class)

    def _pack(self, request: Request, root: str) -> _Open:
        return self._reading(request, root)[0]

    def _reading(self, request: Request, root: str) -> tuple[_Open, str]:
        """Look a pack up and admit whoever asks. Raises `NotFound`, `Refused`, `Superseded`."""
        opened = self._packs.get(root)
        now_s = time.monotonic()
        if opened is None or now_s - opened.looked_up_s > _LOOKED_UP_S:
            opened = self._looked_up(root, now_s, opened)
        reader = self._admitted(request, opened.offered.key)
        if not opened.offered.current:
            raise Superseded(CHANGED)
        return opened, reader.node

    def _looked_up(self, root: str, now_s: float, before: _Open | None) -> _Open:
        offered = self.services.offers.pack(root)
        if offered is None:
            offered = before.offered if before else self.services.adopted(root)
        if offered is None:
            raise NotFound("this node offers no such pack")
        part = offered.described.entry.part
        if before is not None and offered.current:
            ranges = before.ranges
        elif offered.current:
            ranges = self.services.ranges(offered.pack, part)
            if ranges.size_bytes != offered.described.entry.size_bytes:
                raise NotFound("the pack was written again: its study is offered anew soon")
        else:
            ranges = before.ranges if before else self.services.ranges(offered.pack, part)
        opened = _Open(offered, ranges, now_s)
        self._packs[root] = opened
        while len(self._packs) > _PACKS_KEPT:
            self._packs.popitem(last=False)
        return opened

    def _admitted(self, request: Request, key: StudyKey) -> PeerReader:
        """Ask whether the peer may, and write the audit once a while. Raises `Refused`."""
        said = (self.services.asker(request), key)
        now_s = time.monotonic()
        known = self._admissions.get(said)
        if known is not None and now_s - known.asked_s < _ADMITTED_S:
            return known.reader
        reader = self.services.admit(request, key)
        audited_s = known.audited_s if known is not None and known.reader == reader else None
        if audited_s is None or now_s - audited_s > _AUDITED_S:
            self._audit(reader, key)
            audited_s = now_s
        self._admissions[said] = _Admission(reader, now_s, audited_s)
        while len(self._admissions) > _ADMISSIONS_KEPT:
            self._admissions.popitem(last=False)
        return reader

    def _audit(self, reader: PeerReader, key: StudyKey) -> None:
        entry = AuditEntry(
            tenant=key.tenant,
            at=self.services.clock(),
            actor=reader.actor,
            action=Action.SEND,
            subject=key.study.value,
            door=DOOR,
            detail=f"to node {reader.node}, {reader.purpose}"[:200],
        )
        self.services.audit([entry])


def _manifest(offered: OfferedStudy) -> Response:
    headers = {MANIFEST_HEADER: offered.digest}
    return Response(offered.content, media_type="application/json", headers=headers)


def _piece(ranges: Ranges, index: int, chunk: int, size_bytes: int) -> Piece:
    return Piece(index, size_bytes, lambda: ranges.read(chunk * CHUNK_BYTES, size_bytes))


async def _body(request: Request) -> dict[str, Any]:
    content = bytearray()
    async for piece in request.stream():
        content += piece
        if len(content) > _REQUEST_BYTES:
            raise Malformed(f"a request of more than {_REQUEST_BYTES} bytes")
    try:
        said = json.loads(content)
    except ValueError:
        raise Malformed("the request is no JSON") from None
    if not isinstance(said, dict):
        raise Malformed("the request is no JSON object")
    return said


async def _pairs(request: Request, name: str, *, most: int) -> list[tuple[str, int]]:
    return _pairs_of(await _body(request), name, most=most)


def _pairs_of(said: dict[str, Any], name: str, *, most: int) -> list[tuple[str, int]]:
    asked = said.get(name)
    if not isinstance(asked, list) or not 1 <= len(asked) <= most:
        raise Malformed(f"{name}: 1 to {most} pairs of root and number")
    for pair in asked:
        if not (
            isinstance(pair, list)
            and [type(value) for value in pair] == [str, int]
            and abs(pair[1]) < 1 << 40
        ):
            raise Malformed(f"{name}: pairs of root and number")
    return [(root, number) for root, number in asked]

"""A node that is let in, speaks exchange/1 over real sockets, and lies."""

import asyncio
import gzip
import json
import os
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from archipel.app.peer_keys import PeerKeys
from archipel.archive.model import StudyKey
from archipel.exchange import chain, hlc
from archipel.exchange.manifest import (
    CHUNK_BYTES,
    SEGMENT_LIST_BYTES,
    Layer,
    PackEntry,
    Span,
    StudyManifest,
    leaf_digests,
    root_of,
    spine_of,
)
from archipel.exchange.model import Author, Batch, Draft, Fact, LogName, NodeName
from archipel.exchange.trust import certificates
from archipel.exchange.trust.heads import signed
from archipel.kernel.clock import utc_now
from archipel.kernel.identifiers import TenantId
from archipel.kernel.uid import Uid
from archipel.protocols.peer import wire
from archipel.protocols.peer.doorkeeper import certificate_of
from archipel.protocols.peer.identity import Identity
from archipel.protocols.peer.pack_answers import FRAME_HEAD, frame
from archipel.protocols.peer.server import PeerServer
from archipel.testing.archipelago.islands import Island

PACK_BYTES = 5 * CHUNK_BYTES + 77
Lie = Callable[["Tale", Request], Response]


@dataclass
class Tale:
    """One study it tells of: a manifest, and the bytes of a pack that its digests name."""

    key: StudyKey
    content: bytes
    series: Uid
    home: str
    manifest: Callable[["Tale"], Response] | None = None
    read: Callable[[bytes], Response] | None = None

    @property
    def leaves(self) -> bytes:
        pieces = range(0, len(self.content), CHUNK_BYTES)
        return leaf_digests(self.content[at : at + CHUNK_BYTES] for at in pieces)

    @property
    def entry(self) -> PackEntry:
        size = len(self.content)
        return PackEntry(
            root=root_of(size, spine_of(self.leaves)),
            series=self.series,
            generation=1,
            part=0,
            size_bytes=size,
            layers={
                Layer.METADATA: (Span(0, 64),),
                Layer.LOW: (),
                Layer.REST: (Span(64, size - 64),),
            },
        )

    @property
    def told(self) -> dict[str, object]:
        return json.loads(
            StudyManifest(home=self.home, key=self.key, revision=1, packs=(self.entry,)).encoded()
        )


@dataclass
class EvilNode:
    """The liar: an island's name and keys, its own server. `feed` are lies told one by one."""

    island: Island
    tales: dict[str, Tale] = field(default_factory=dict)
    feed: list[Callable[[], Response]] = field(default_factory=list)
    told: int = 0

    @property
    def identity(self) -> Identity:
        return PeerKeys(self.island.home).identity()

    def tale(self, lie: str, content: bytes | None = None, series: Uid | None = None) -> StudyKey:
        """Have a study in which it lies so."""
        key = StudyKey(self.island.tenant, Uid.fresh())
        made = content if content is not None else os.urandom(PACK_BYTES)
        one = Tale(key, made, series or Uid.fresh(), self.island.name)
        one.manifest = MANIFESTS.get(lie)
        one.read = READS.get(lie)
        self.tales[key.study.value] = one
        return key

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/x/1/hello", self._hello, methods=["POST"]),
                Route("/x/1/ready", self._ready),
                Route("/x/1/feed", self._feed),
                Route("/x/1/studies/{tenant}/{study}", self._study),
                Route("/x/1/lists", self._lists, methods=["POST"]),
                Route("/x/1/read", self._read, methods=["POST"]),
            ]
        )

    async def _hello(self, request: Request) -> Response:
        await request.body()
        return JSONResponse({"node": self.island.name})

    async def _ready(self, request: Request) -> Response:
        del request
        return Response(status_code=204)

    async def _feed(self, request: Request) -> Response:
        """Tell an empty batch and a lie by turns, so that each lie is heard soon."""
        if certificates.node_of(certificate_of(request)) != NodeName("mq"):
            await asyncio.sleep(1)
            return batch(Batch(links=(), heads=(), terms="", more=False))
        self.told += 1
        number, lies = divmod(self.told, 2)
        if lies and number < len(self.feed):
            return self.feed[number]()
        if number >= len(self.feed):
            await asyncio.sleep(1)
        return batch(Batch(links=(), heads=(), terms=f"{number}", more=False))

    async def _study(self, request: Request) -> Response:
        one = self.tales[request.path_params["study"]]
        return one.manifest(one) if one.manifest else JSONResponse(one.told)

    async def _lists(self, request: Request) -> Response:
        asked = json.loads(await request.body())["lists"]
        answers = []
        for index, (root, segment) in enumerate(asked):
            leaves = self._of(root).leaves
            at = segment * SEGMENT_LIST_BYTES
            said = spine_of(leaves) if segment < 0 else leaves[at : at + SEGMENT_LIST_BYTES]
            answers.append(frame(index, said))
        return Response(b"".join(answers))

    async def _read(self, request: Request) -> Response:
        ((root, chunk),) = json.loads(await request.body())["reads"]
        one = self._of(root)
        honest = one.content[chunk * CHUNK_BYTES : (chunk + 1) * CHUNK_BYTES]
        return one.read(honest) if one.read else Response(frame(0, honest))

    def _of(self, root: str) -> Tale:
        return next(one for one in self.tales.values() if one.entry.root == root)

    @contextmanager
    def serving(self, listener: socket.socket) -> Iterator[None]:
        """Serve in a thread of its own."""
        began, loop, stop = threading.Event(), asyncio.new_event_loop(), asyncio.Event()
        server = PeerServer(
            app=self.app(),
            context=self.identity.server_context(),
            welcome=lambda: frozenset({NodeName("mq"), NodeName("gp")}),
            refused=lambda _address, _why: None,
            idle_timeout_s=120,
        )

        def run() -> None:
            asyncio.set_event_loop(loop)
            loop.call_soon(began.set)
            loop.run_until_complete(server.serve(listener, stop=stop))
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.close()

        thread = threading.Thread(target=run, name="evil")
        thread.start()
        began.wait(5)
        try:
            yield
        finally:
            loop.call_soon_threadsafe(stop.set)
            thread.join(10)


async def _for_ever() -> AsyncIterator[bytes]:
    while True:
        yield bytes(CHUNK_BYTES)


def endless(*_: object) -> Response:
    return StreamingResponse(_for_ever())


def _gzip_bomb(*_: object) -> Response:
    packed = gzip.compress(bytes(64 << 20))
    return Response(packed, headers={"content-encoding": "gzip"})


def _path_in_a_name(one: Tale) -> Response:
    return Response(json.dumps(one.told).replace(one.entry.root, "../../../../etc/passwd"))


def _path_in_a_series(one: Tale) -> Response:
    return Response(
        json.dumps(one.told).replace(one.series.value, "../../keys/authority").encode()
    )


def _another_home(one: Tale) -> Response:
    return JSONResponse(one.told | {"home": "gp"})


MANIFESTS: dict[str, Callable[[Tale], Response]] = {
    "endless manifest": endless,
    "gzip bomb": _gzip_bomb,
    "path in a name": _path_in_a_name,
    "path in a series": _path_in_a_series,
    "another home": _another_home,
}
READS: dict[str, Callable[[bytes], Response]] = {
    "wrong digest": lambda honest: Response(frame(0, honest[:-1] + b"\0")),
    "truncated": lambda honest: Response(FRAME_HEAD.pack(0, len(honest)) + honest[:-100]),
    "longer than told": lambda honest: Response(frame(0, honest + bytes(4096))),
    "endless body": endless,
}


def batch(one: Batch) -> Response:
    return Response(wire.packed(one), media_type=wire.MEDIA_TYPE)


@dataclass
class LogBook:
    """A log it writes as it likes. `signer` signs its head."""

    name: str
    tenant: TenantId
    signer: Identity
    links: list[Fact] = field(default_factory=list)
    ahead: timedelta = timedelta(0)

    def write(self, *, previous: str | None = None, seen: dict[str, int] | None = None) -> Fact:
        """Add a fact; behind another than the last, when told so."""
        before = self.links[-1].hash if self.links else chain.NOTHING
        log = LogName.parse(self.name)
        draft = Draft(
            kind="study.available",
            subject=f"study:{Uid.fresh()}",
            tenant=self.tenant,
            body={"revision": 1},
            author=Author(subject="system:evil"),
        )
        clock = hlc.after("", log.node, now=utc_now() + self.ahead)
        made = chain.write(
            draft,
            log=log,
            sequence=len(self.links),
            clock=clock,
            seen=seen or {},
            previous=previous or before,
        )
        self.links.append(made)
        return made

    def told(self, *, begin: int = 0) -> Response:
        """Tell it, with a head that its signer signed."""
        last = self.links[-1]
        head = signed(last.log, last.sequence, last.hash, signer=self.signer, now=utc_now())
        return batch(Batch(links=tuple(self.links[begin:]), heads=(head,), terms="x", more=False))

    def forged(self) -> Response:
        """Tell it with a fact changed behind the back of the signed head."""
        last = self.links[-1]
        head = signed(last.log, last.sequence, last.hash, signer=self.signer, now=utc_now())
        first = self.links[0]
        changed = replace(first, content=first.content.replace(b'"revision":1', b'"revision":9'))
        links: Sequence[Fact] = (changed, *self.links[1:])
        return batch(Batch(links=tuple(links), heads=(head,), terms="x", more=False))

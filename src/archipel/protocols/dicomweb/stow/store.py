"""STOW-RS: storing instances (PS3.18 section 10.5).

The body is split while it arrives and goes to the journal; what is answered is durable. The
answer waits, for a short while, until the index knows the instances: 200 means that a query
will find them, 202 that it soon will. A request of a signed-in browser must come from our own
pages; its media type alone already keeps other origins out, for they would have to ask first.
"""

import logging
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial

import orjson
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from archipel.access.model import Permission
from archipel.archive.ports import Slot
from archipel.kernel.errors import ArchipelError, Exhausted, Malformed, Unavailable
from archipel.kernel.uid import Uid
from archipel.protocols.dicomweb.accept import parse_media_type
from archipel.protocols.dicomweb.native_model import to_xml
from archipel.protocols.dicomweb.negotiation import (
    DICOM,
    JSON,
    PLAIN_JSON,
    RELATED,
    XML,
    accepted,
)
from archipel.protocols.dicomweb.problem import TooLarge, UnsupportedMediaType, problem
from archipel.protocols.dicomweb.stow.described import Described
from archipel.protocols.dicomweb.stow.incoming import IncomingInstance, Sender
from archipel.protocols.dicomweb.stow.outcome import (
    Outcome,
    Reason,
    response_dataset,
    status_of,
)
from archipel.protocols.dicomweb.stow.parts import OpenPart, PartSplitter
from archipel.protocols.dicomweb.visits import Door, Visit, check_origin

BATCH_BYTES = 256 << 10  # handed to the journal by one visit to a thread

log = logging.getLogger(__name__)


def store(door: Door) -> Callable[[Request], Awaitable[Response]]:
    """Make the endpoint of `POST /studies` and `POST /studies/{study}`."""

    async def endpoint(request: Request) -> Response:
        try:
            storing = await run_in_threadpool(_begin, door, request)
        except Exception as error:  # noqa: BLE001  (the door's last line: told as a problem)
            return problem(error)
        try:
            await _receive(storing, request)
            return await run_in_threadpool(storing.answer)
        except Exception as error:  # noqa: BLE001  (as above)
            return problem(error)
        finally:
            await run_in_threadpool(storing.close)

    return endpoint


async def _receive(storing: "_Storing", request: Request) -> None:
    batch, size, total = [], 0, 0
    async for chunk in request.stream():
        batch.append(chunk)
        size += len(chunk)
        total += len(chunk)
        if total > storing.visit.services.limits.request_bytes:
            raise TooLarge("the request is larger than one request may be")
        if size >= BATCH_BYTES:
            await run_in_threadpool(storing.take, batch)
            batch, size = [], 0
    await run_in_threadpool(storing.take, batch)


def _begin(door: Door, request: Request) -> "_Storing":
    visit = door.visit(request)
    visit.visitor.require(Permission.STORE_IMAGES)
    check_origin(request)
    length = request.headers.get("content-length", "0")
    if length.isdigit() and int(length) > visit.services.limits.request_bytes:
        raise TooLarge("the request is larger than one request may be")
    media = parse_media_type(request.headers.get("content-type") or "application/octet-stream")
    part = media.part if media.name == RELATED else media
    described = next((k for k in (JSON, XML) if media.name == RELATED and part.name == k), None)
    if media.name not in {RELATED, DICOM} or not (described or part.includes(DICOM)):
        raise UnsupportedMediaType(
            f"instances come as {RELATED} of {DICOM}, {JSON} or {XML}, one alone as {DICOM}"
        )
    person = visit.visitor.person
    sender = Sender(
        tenant=person.tenant,
        issuer=visit.services.issuer_of(person.tenant),
        source=visit.visitor.scope.actor.name,
        peer=request.client.host if request.client else "",
        request=secrets.token_hex(8),
        study=visit.uid("study"),
        at=visit.services.clock(),
        refused=lru_cache(partial(visit.services.catalogue.refused, tenant=person.tenant)),
    )
    storing = _Storing(visit, sender, visit.services.journal.slot())
    if media.name == RELATED:
        boundary = media.parameters.get("boundary", "")
        storing.split(boundary, described)
    else:
        storing.alone = storing.begin(DICOM)
    return storing


@dataclass(slots=True)
class _Storing:
    """One request in progress."""

    visit: Visit
    sender: Sender
    slot: Slot
    incoming: list[IncomingInstance] = field(default_factory=list)
    alone: IncomingInstance | None = None
    _splitter: PartSplitter | None = None
    _described: Described | None = None
    _broken: Malformed | None = None

    def split(self, boundary: str, described: str | None) -> None:
        """Expect a multipart body: of files, or of metadata in `described`. Raises `Malformed`."""
        limits = self.visit.services.limits
        open_part: OpenPart = self._open
        if described is not None:
            self._described = Described(described, limits.described_bytes)
            open_part = self._described.open
        splitter = PartSplitter(open_part, limits.parts)
        try:
            splitter.start(boundary)
        except Malformed:
            self.close()
            raise
        self._splitter = splitter

    def _open(self, headers: Mapping[str, str]) -> IncomingInstance:
        return self.begin(headers.get("content-type", ""))

    def begin(self, content_type: str) -> IncomingInstance:
        """Begin a part."""
        incoming = IncomingInstance(self.slot, replace(self.sender))
        if content_type and not parse_media_type(content_type).includes(DICOM):
            incoming.outcome = Outcome(
                sop_class=None, sop_instance=None, failure=Reason.CANNOT_UNDERSTAND
            )
        self.incoming.append(incoming)
        return incoming

    def take(self, chunks: Sequence[bytes]) -> None:
        """Take the next bytes of the body. A broken disk ends the request at once."""
        for chunk in chunks:
            if self.alone is not None:
                self.alone.write(memoryview(chunk))
            elif self._splitter is not None and self._broken is None:
                try:
                    self._splitter.write(chunk)
                except Malformed as failure:
                    self._broken = failure
                    self._splitter.abandon()
        for one in self.incoming[-1:]:
            if isinstance(one.error, Exhausted | Unavailable) and self._none_stored():
                raise one.error

    def answer(self) -> Response:
        """Say what became of it all."""
        try:
            if self.alone is not None:
                self.alone.end()
            elif self._splitter is not None and self._broken is None:
                self._splitter.close()
                self._take_described()
        except Malformed as failure:
            self._broken = failure
        broken = self._broken
        if self._splitter is not None:
            self._splitter.abandon()
        if broken is not None and self._none_stored():
            raise broken
        if not self.incoming:
            raise Malformed("the body holds no instance")
        self._secure()
        indexed = self._fence()
        outcomes = [one.outcome for one in self.incoming if one.outcome is not None]
        if indexed:
            outcomes = self._without_refused()
        status = status_of(outcomes, indexed=indexed and broken is None)
        return self._response(status, outcomes)

    def _secure(self) -> None:
        """Make all that came durable by one wait for the disk. Raises when none of it is."""
        try:
            self.slot.secure()
        except ArchipelError as failure:
            for one in self.incoming:
                one.lose(failure)
            if self._none_stored():
                raise

    def _take_described(self) -> None:
        """Put what metadata and bulk data describe through as files. Raises `Malformed`."""
        for made in self._described.made() if self._described is not None else ():
            incoming = self.begin(DICOM)
            if made.failure is None:
                incoming.write(memoryview(made.file))
                incoming.end()
            else:
                incoming.refuse(made.failure, made.sop_class, made.sop_instance)

    def close(self) -> None:
        """Give the slot back; whatever is open in it is forgotten."""
        for one in self.incoming:
            one.abandon()
        self.slot.close()

    def _none_stored(self) -> bool:
        return all(one.place is None for one in self.incoming)

    def _fence(self) -> bool:
        places = [one.place for one in self.incoming if one.place is not None]
        if not places:
            return True
        limits = self.visit.services.limits
        journal = self.visit.services.journal
        return journal.wait_indexed(places[-1], timeout_s=limits.index_fence_s)

    def _without_refused(self) -> list[Outcome]:
        """See what the index then decided: other bytes under a held UID are in quarantine."""
        held: dict[Uid, bytes] = {}
        keys = {
            (o.study, o.series)
            for one in self.incoming
            if (o := one.outcome) and o.study and o.series
        }
        for study, series in keys:
            self.visit.retrieval.forget(study, series)
            found = self.visit.services.catalogue.instances(
                scope=self.visit.visitor.scope, study=study, series=series
            )
            held.update({one.key.sop_instance: one.digest for one in found})
        outcomes = []
        for one in self.incoming:
            outcome = one.outcome
            if outcome is None:
                continue
            if outcome.failure is None and outcome.sop_instance is not None:
                kept = held.get(outcome.sop_instance)
                if kept != one.digest:
                    outcome = replace(outcome, failure=Reason.DUPLICATE_SOP_INSTANCE)
            outcomes.append(outcome)
        return outcomes

    def _response(self, status: int, outcomes: Sequence[Outcome]) -> Response:
        answer = response_dataset(outcomes, self.visit.base_url)
        headers = {"Cache-Control": "no-store"}
        for media in accepted(self.visit.request):
            if media.includes(JSON) or media.includes(PLAIN_JSON):
                return Response(orjson.dumps(answer), status, headers, JSON)
            if media.includes(XML):
                return Response(to_xml(answer), status, headers, XML)
        return Response(orjson.dumps(answer), status, headers, JSON)

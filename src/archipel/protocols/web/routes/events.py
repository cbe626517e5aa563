"""Live updates: one stream of server-sent events per tab (WHATWG HTML, server-sent events)."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from archipel.access.model import Permission, Visitor
from archipel.kernel.errors import ArchipelError, Malformed, NotFound
from archipel.protocols.web.live import Live, Stream
from archipel.protocols.web.routes.worklist import exam_views
from archipel.protocols.web.services import Services, WebServices
from archipel.protocols.web.visitors import SeesExams
from archipel.reading.answers import Change
from archipel.reading.model import ExamId

routes = APIRouter(tags=["events"])
HEARTBEAT_S = 15.0
TOPICS = 64
CLAIM_CHANGED = "reading.ClaimChanged"


@routes.get(
    "/events",
    operation_id="stream_events",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
)
async def stream_events(
    request: Request,
    visitor: SeesExams,
    services: Services,
    topics: Annotated[str, Query(max_length=8192)] = "list",
    last_event_id: Annotated[str | None, Header(max_length=64)] = None,
) -> StreamingResponse:
    """Follow topics, comma-separated: `list`, `requests`, `exam:{id}`, `claim:{id}`.

    Each event has a name (`list`, `request`, `exam`, `claim`), an id to resume from and JSON data:
    `list` {exam, change}, `request` {request, exam or null, stage}, `exam` {exam, change},
    `claim` {exam, claim or null}. `reset` tells that the gap is too wide to
    resume: load again. A comment every 15 s keeps the line open.
    """
    wanted = _Topics.parse(topics)
    teller = _Teller(request, visitor, services, wanted)
    stream = teller.tell(request.state.live, _since(last_event_id))
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(stream, media_type="text/event-stream", headers=headers)


@dataclass(frozen=True, slots=True)
class _Topics:
    listing: bool
    requests: bool
    exams: frozenset[ExamId]
    claims: frozenset[ExamId]

    @classmethod
    def parse(cls, text: str) -> "_Topics":
        """Read topics as they stand in the query. Raises `Malformed`."""
        exams, claims, listing, requests = set(), set(), False, False
        named = text.split(",")
        if len(named) > TOPICS:
            raise Malformed(f"a stream follows at most {TOPICS} topics")
        for topic in named:
            kind, _, exam = topic.partition(":")
            if topic == "list":
                listing = True
            elif topic == "requests":
                requests = True
            elif kind == "exam":
                exams.add(ExamId.parse(exam))
            elif kind == "claim":
                claims.add(ExamId.parse(exam))
            else:
                raise Malformed("a topic is list, requests, exam:{id} or claim:{id}")
        return cls(listing, requests, frozenset(exams), frozenset(claims))


@dataclass(slots=True)
class _Teller:
    """Writes the events of one client."""

    request: Request
    visitor: Visitor
    services: WebServices
    topics: _Topics

    async def tell(self, live: Live, since: int | None) -> AsyncIterator[str]:
        """Give what was missed, then what happens, with a heartbeat in between."""
        async with live.follow() as (stream, position):
            yield f"retry: 2000\nid: {position}\n: connected\n\n"
            if since is not None:
                missed = await live.missed(since, until=position)
                if missed is None:
                    yield f"event: reset\nid: {position}\ndata: {{}}\n\n"
                for change in missed or ():
                    yield await run_in_threadpool(self._written, change)
            async for text in self._follow(stream):
                yield text

    async def _follow(self, stream: Stream) -> AsyncIterator[str]:
        while not stream.dropped:
            try:
                change = await asyncio.wait_for(stream.queue.get(), HEARTBEAT_S)
            except TimeoutError:
                if not await run_in_threadpool(self._still_welcome):
                    return
                yield ": heartbeat\n\n"
                continue
            text = await run_in_threadpool(self._written, change)
            if text:
                yield text

    def _still_welcome(self) -> bool:
        """Tell whether the session still stands: signed out elsewhere, it ends the stream."""
        try:
            visitor = self.services.recognise(self.request)
        except ArchipelError:
            return False
        self.visitor = visitor
        return visitor.may(Permission.SEE_EXAMS)

    def _written(self, change: Change) -> str:
        """Write the events that `change` makes; empty outside topics or scope."""
        exam = change.exam
        asked = self.topics.requests and bool(change.request)
        named = self.topics.listing or exam in self.topics.exams | self.topics.claims
        if not (named or asked) or not self._seen(change):
            return ""
        events: list[tuple[str, dict[str, Any]]] = []
        if asked:
            where = str(exam) if exam else None
            said = {"request": change.request, "exam": where, "stage": change.stage}
            events.append(("request", said))
        if exam is not None and named:
            events += self._of_exam(exam, change)
        return "".join(
            f"event: {name}\nid: {change.position}\ndata: {json.dumps(data)}\n\n"
            for name, data in events
        )

    def _of_exam(self, exam: ExamId, change: Change) -> list[tuple[str, dict[str, Any]]]:
        said: dict[str, Any] = {"exam": str(exam), "change": change.kind.rpartition(".")[2]}
        events: list[tuple[str, dict[str, Any]]] = []
        if self.topics.listing:
            events.append(("list", said))
        if exam in self.topics.exams:
            events.append(("exam", said))
        if exam in self.topics.claims and change.kind == CLAIM_CHANGED:
            events.append(("claim", {"exam": str(exam), "claim": self._claim(exam)}))
        return events

    def _seen(self, change: Change) -> bool:
        tenants, exam = self.visitor.scope.tenants, change.exam
        if exam is not None and exam.tenant in tenants:
            return True
        changes = self.services.changes
        audience = changes.parties(change.request) if change.request else frozenset()
        if exam is not None and not change.request:
            audience = changes.audience(exam)
        return any(tenant.value in audience for tenant in tenants)

    def _claim(self, exam: ExamId) -> dict[str, Any] | None:
        try:
            last = self.services.claims.latest(exam, scope=self.visitor.scope)
        except NotFound:
            return None
        if last is None or not last.held(self.services.clock()):
            return None
        return exam_views(self.visitor, self.services).claim(last).model_dump(mode="json")


def _since(last_event_id: str | None) -> int | None:
    if last_event_id is None or not (last_event_id.isascii() and last_event_id.isdigit()):
        return None
    return int(last_event_id)

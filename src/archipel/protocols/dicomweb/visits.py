"""One request at the door: who asks, what they may see of it, and the audit of what leaves.

A read is audited before the first byte leaves. A viewer fetches a series of 2,000 slices by
2,000 requests: they are one reading, so the row says the series and stands for the same actor's
requests of the same kind on that series during `READING_S` (docs/adr/0035).
"""

import os
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from urllib.parse import urlsplit

from anyio import CapacityLimiter, move_on_after, to_thread
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from archipel.access.model import Action, AuditEntry, Permission, Visitor
from archipel.archive.model import Held
from archipel.kernel.errors import Exhausted, Refused
from archipel.kernel.uid import Uid
from archipel.protocols.dicomweb.problem import problem
from archipel.protocols.dicomweb.remembered import Remembered
from archipel.protocols.dicomweb.retrieval import Memory, Retrieval
from archipel.protocols.dicomweb.services import DicomwebServices

DOOR = "dicomweb"
READING_S = 600
VISITOR_S = 1.0  # how long somebody is known without asking again: a sign-out counts after it
VISITORS = 1_000
REMEMBERED = 50_000

_Read = tuple[object, ...]


@dataclass(slots=True)
class Readings:
    """Reads that the audit already tells."""

    _until: OrderedDict[_Read, datetime] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    def missing(self, reads: Mapping[_Read, AuditEntry], now: datetime) -> list[_Read]:
        """Those not told yet, or told too long ago."""
        with self._lock:
            return [read for read in reads if self._until.get(read, now) <= now]

    def told(self, reads: Sequence[_Read], now: datetime) -> None:
        """Remember that the audit holds them."""
        with self._lock:
            for read in reads:
                self._until[read] = now + timedelta(seconds=READING_S)
                self._until.move_to_end(read)
            while len(self._until) > REMEMBERED:
                self._until.popitem(last=False)


@dataclass(frozen=True, slots=True)
class Visit:
    """A request whose sender is known."""

    request: Request
    services: DicomwebServices
    visitor: Visitor
    readings: Readings
    retrieval: Retrieval

    def uid(self, name: str) -> Uid | None:
        """Read the UID named in the path; None where it names none. Raises `Malformed`."""
        text = self.request.path_params.get(name)
        return None if text is None else Uid(text)

    @property
    def base_url(self) -> str:
        """Where this door is, as the client reaches it; no slash at the end."""
        url = self.request.url
        return f"{url.scheme}://{url.netloc}{self.request.scope.get('root_path', '')}"

    def url_of(self, held: Held) -> str:
        """Where an instance is, as the client reaches it."""
        key = held.key
        return (
            f"{self.base_url}/studies/{key.study}/series/{key.series}/instances/{key.sop_instance}"
        )

    def path_uid(self, name: str) -> Uid:
        """Read a UID that this resource's path always names. Raises `Malformed`."""
        return Uid(self.request.path_params[name])

    def held(self) -> Sequence[Held]:
        """Find the instances that the path names, in series then number order.

        Raises `NotFound` when there are none within the visitor's scope.
        """
        study, series, instance = (self.uid(name) for name in ("study", "series", "instance"))
        if study is not None and series is not None and instance is not None:
            return [self.retrieval.instance(study, series, instance)]
        return self.retrieval.below(study, series)

    def audit(self, action: Action, subject: str, detail: str) -> None:
        """Record what is done, before it is. Raises `Unavailable`."""
        self.services.audit.record([self._entry(action, subject, detail)])

    def audit_query(self, subject: str, detail: str) -> None:
        """Record a query. Raises `Unavailable`."""
        self.services.audit.record([self._entry(Action.QUERY, subject, detail)])

    def audit_read(self, held: Sequence[Held], what: str) -> None:
        """Record that `what` of these instances leaves, unless the audit tells it already."""
        now = self.services.clock()
        reads: dict[_Read, AuditEntry] = {}
        for one in held:
            key = (self.visitor.scope.actor, one.tenant, one.key.study, one.key.series, what)
            if key not in reads:
                reads[key] = AuditEntry(
                    tenant=one.tenant,
                    at=now,
                    actor=self.visitor.scope.actor,
                    action=Action.READ,
                    subject=str(one.key.study),
                    door=DOOR,
                    detail=f"{what} of series {one.key.series}",
                )
        missing = self.readings.missing(reads, now)
        if missing:
            self.services.audit.record([reads[read] for read in missing])
            self.readings.told(missing, now)

    def _entry(self, action: Action, subject: str, detail: str) -> AuditEntry:
        return AuditEntry(
            tenant=self.visitor.person.tenant,
            at=self.services.clock(),
            actor=self.visitor.scope.actor,
            action=action,
            subject=subject,
            door=DOOR,
            detail=detail,
        )


def check_origin(request: Request) -> None:
    """Raise `Refused` where another origin's page makes a browser write with its cookie."""
    origin = request.headers.get("origin")
    if origin and urlsplit(origin).netloc != request.headers.get("host"):
        raise Refused("nothing is written from another origin's page")


Work = Callable[[Visit], Response]
Endpoint = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Door:
    """Turns synchronous work on a visit into endpoints: one thread hop, failures as problems."""

    services: DicomwebServices
    readings: Readings = field(default_factory=Readings)
    memory: Memory = field(default_factory=Memory)
    visitors: Remembered[tuple[str, ...], Visitor] = field(
        default_factory=lambda: Remembered(for_s=VISITOR_S, most=VISITORS)
    )
    limiters: list[CapacityLimiter] = field(default_factory=list)  # made within the event loop

    def visit(self, request: Request) -> Visit:
        """Ask who sends this. Raises `Refused`."""
        services, now = self.services, self.services.clock()
        shown = tuple(request.headers.get(name, "") for name in ("authorization", "cookie"))
        visitor = self.visitors.get(shown, now)
        if visitor is None:
            visitor = services.visitor(request)
            self.visitors.put(shown, visitor, now)
        retrieval = Retrieval(
            catalogue=services.catalogue,
            contents=services.contents,
            memory=self.memory,
            scope=visitor.scope,
            now=now,
        )
        return Visit(request, services, visitor, self.readings, retrieval)

    def endpoint(self, work: Work, needed: Permission, *, decodes: bool = False) -> Endpoint:
        """Wrap `work` for a route that asks for the permission `needed`.

        Work that decodes strangers' pixels gets `Limits.decode_s` and, all together, as many
        threads as there are cores: a thread cannot be stopped, but nobody waits for it, and the
        bounds of ``imaging`` see to it that it ends.
        """

        def run(request: Request) -> Response:
            try:
                visit = self.visit(request)
                visit.visitor.require(needed)
                return work(visit)
            except Exception as error:  # noqa: BLE001  (the door's last line: told as a problem)
                return problem(error)

        async def endpoint(request: Request) -> Response:
            return await run_in_threadpool(run, request)

        async def bounded(request: Request) -> Response:
            with move_on_after(self.services.limits.decode_s):
                return await to_thread.run_sync(
                    run, request, abandon_on_cancel=True, limiter=self._decoding()
                )
            return problem(Exhausted("decoding took longer than is granted: ask for less"))

        return bounded if decodes else endpoint

    def _decoding(self) -> CapacityLimiter:
        if not self.limiters:
            self.limiters.append(CapacityLimiter(os.cpu_count() or 1))
        return self.limiters[0]

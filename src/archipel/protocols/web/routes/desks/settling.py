"""The desk of what is to be settled."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from fastapi.responses import StreamingResponse

from archipel.access.model import Action, AuditEntry, Visitor
from archipel.archive import quarantine, settle
from archipel.archive.model import JournalPlace, QuarantineEntry, StudyKey
from archipel.kernel.errors import NotFound
from archipel.protocols.web.models.exam import ExamRow, StudyDifference
from archipel.protocols.web.models.node import QuarantinedInstance
from archipel.protocols.web.models.settling import (
    Comparison,
    DifferenceDecision,
    DifferenceOfExam,
    SecondDecision,
    ToSettle,
)
from archipel.protocols.web.routes.exams import exam_id
from archipel.protocols.web.routes.node import place_of, quarantined_view
from archipel.protocols.web.routes.worklist import exam_views
from archipel.protocols.web.services import DOOR, Services, WebServices
from archipel.protocols.web.settling_views import difference_view
from archipel.protocols.web.views import Sites
from archipel.protocols.web.visitors import Settles
from archipel.reading.model import ExamId

routes = APIRouter(prefix="/settle", tags=["settle"])
SHOWN = 50  # of each kind
Shown = dict[int | str, dict[str, Any]]
IMAGE: Shown = {200: {"content": {"image/jpeg": {}}}}
FILE: Shown = {200: {"content": {"application/dicom": {}}}}


@routes.get("", operation_id="list_to_settle")
def list_to_settle(visitor: Settles, services: Services) -> ToSettle:
    """Instances set aside, studies that say two things, studies that name no patient; audited."""
    scope, now, desk = visitor.scope, services.clock(), services.settling
    _audit(visitor, services, "what is to be settled", "lists")
    aside = services.quarantine.entries(scope=scope, limit=SHOWN + 1)
    differing = desk.differences.open(scope=scope, limit=SHOWN + 1)
    nameless = desk.differences.unidentified(scope=scope, limit=SHOWN + 1)
    views, sites = exam_views(visitor, services), Sites(services.desk.organisations)

    def row(key: StudyKey) -> ExamRow:
        found = services.exams.exam(ExamId(key.tenant, key.study), scope=scope, now=now)
        return views.row(found)

    return ToSettle(
        quarantined=[quarantined_view(one, sites) for one in aside[:SHOWN]],
        differences=[
            DifferenceOfExam(difference=difference_view(one), row=row(one.key))
            for one in differing[:SHOWN]
        ],
        unidentified=[row(key) for key in nameless[:SHOWN]],
        more=any(len(found) > SHOWN for found in (aside, differing, nameless)),
    )


@routes.post("/exams/{exam}", operation_id="settle_difference")
def settle_difference(
    exam: str, wanted: DifferenceDecision, visitor: Settles, services: Services
) -> StudyDifference:
    """Say which of two values the exam has, or undo that; audited."""
    named = exam_id(exam)
    key, tag = StudyKey(named.tenant, named.study), int(wanted.tag, 16)
    desk = settle.Desk(differences=services.settling.differences, audit=services.desk.audit)
    now = services.clock()
    if wanted.decision == "undo":
        return difference_view(
            settle.undo(key, tag, wanted.offered, visitor=visitor, desk=desk, now=now)
        )
    kept = settle.Kept(wanted.decision)
    return difference_view(
        settle.settle(key, tag, wanted.offered, kept, visitor=visitor, desk=desk, now=now)
    )


@routes.get("/quarantine/{instance}", operation_id="compare_quarantined")
def compare_quarantined(instance: str, visitor: Settles, services: Services) -> Comparison:
    """Where the second differs from the first; audited."""
    entry = _entry(instance, visitor, services)
    _audit(visitor, services, entry.sop_instance.value, "quarantine compared", entry)
    return services.settling.comparing.compare(entry.place, scope=visitor.scope)


@routes.get(
    "/quarantine/{instance}/picture",
    operation_id="get_quarantined_picture",
    response_class=Response,
    responses=IMAGE,
)
def get_quarantined_picture(
    instance: str,
    visitor: Settles,
    services: Services,
    of: Annotated[Literal["held", "offered"], Query()],
) -> Response:
    """Give a picture of one of the two, not for diagnosis; audited."""
    entry = _entry(instance, visitor, services)
    _audit(visitor, services, entry.sop_instance.value, f"quarantine picture {of}", entry)
    picture = services.settling.comparing.picture(
        entry.place, second=of == "offered", scope=visitor.scope
    )
    return Response(picture, media_type="image/jpeg", headers={"Cache-Control": "no-store"})


@routes.get(
    "/quarantine/{instance}/file",
    operation_id="get_quarantined_file",
    response_class=StreamingResponse,
    responses=FILE,
)
def get_quarantined_file(instance: str, visitor: Settles, services: Services) -> StreamingResponse:
    """Give the second as a Part 10 file, as received; audited before it leaves."""
    entry = _entry(instance, visitor, services)
    pieces: Iterator[bytes] = services.settling.comparing.file(entry.place, scope=visitor.scope)
    _audit(visitor, services, entry.sop_instance.value, "quarantine file", entry, Action.SEND)
    name = f'attachment; filename="{entry.sop_instance}.second.dcm"'
    headers = {"Content-Disposition": name, "Cache-Control": "no-store"}
    return StreamingResponse(pieces, media_type="application/dicom", headers=headers)


@routes.post("/quarantine/{instance}", operation_id="settle_quarantined")
def settle_quarantined(
    instance: str, wanted: SecondDecision, visitor: Settles, services: Services
) -> QuarantinedInstance:
    """Close the alarm, open it again, or give the second up for a reason; audited."""
    entry = _entry(instance, visitor, services)
    desk, audit = services.quarantine, services.desk.audit
    by, now, scope = visitor.person.login, services.clock(), visitor.scope
    match wanted.decision:
        case "keep_first":
            entry = quarantine.keep_first(
                entry.place, by=by, scope=scope, desk=desk, audit=audit, now=now
            )
        case "undo":
            entry = quarantine.reopen(entry.place, scope=scope, desk=desk, audit=audit, now=now)
        case "discard":
            entry = quarantine.discard(
                entry.place,
                why=wanted.reason,
                by=by,
                scope=scope,
                desk=desk,
                audit=audit,
                now=now,
            )
    return quarantined_view(entry, Sites(services.desk.organisations))


def _entry(name: str, visitor: Visitor, services: WebServices) -> QuarantineEntry:
    place: JournalPlace | None = place_of(name)
    entry = services.quarantine.entry(place, scope=visitor.scope) if place else None
    if entry is None:
        raise NotFound("there is nothing of this name in quarantine")
    return entry


def _audit(
    visitor: Visitor,
    services: WebServices,
    subject: str,
    detail: str,
    entry: QuarantineEntry | None = None,
    action: Action = Action.READ,
) -> None:
    told = AuditEntry(
        tenant=entry.tenant if entry else visitor.person.tenant,
        at=services.clock(),
        actor=visitor.scope.actor,
        action=action,
        subject=subject,
        door=DOOR,
        detail=detail,
    )
    services.desk.audit.record([told])

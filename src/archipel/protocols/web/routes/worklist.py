"""The reading worklist: saved lists, filters, keyset pages, counters."""

import re
from typing import Annotated

from fastapi import APIRouter, Query

from archipel.access.model import Action, AuditEntry, Visitor
from archipel.kernel.errors import Malformed
from archipel.kernel.identifiers import TenantId
from archipel.protocols.web.models.exam import (
    WorklistCounts,
    WorklistFilters,
    WorklistPage,
)
from archipel.protocols.web.request_views import arriving, marks
from archipel.protocols.web.services import DOOR, Services, WebServices
from archipel.protocols.web.views import ExamViews, Sites
from archipel.protocols.web.visitors import SeesExams
from archipel.reading.model import Filters, SavedList, Status, Urgency

routes = APIRouter(tags=["worklist"])
MODALITY = re.compile(r"[A-Z0-9_]{1,16}")  # PS3.3 C.7.3.1.1.1: a code string


@routes.get("/worklist", operation_id="get_worklist")
def get_worklist(
    filters: Annotated[WorklistFilters, Query()], visitor: SeesExams, services: Services
) -> WorklistPage:
    """One page of a list, most urgent first, then longest waiting.

    `total` and `hidden` count up to 10,000.
    """
    now = services.clock()
    if filters.q:
        _audit_search(visitor, services)
    wanted = _filters(filters, visitor)
    begins = filters.after is None and filters.list_ in ("to-read", "all")
    page = services.exams.page(
        wanted,
        scope=visitor.scope,
        now=now,
        after=filters.after,
        limit=filters.limit,
    )
    views = exam_views(visitor, services)
    return WorklistPage(
        rows=views.rows(page.exams),
        next=page.after,
        total=page.total,
        hidden=page.hidden,
        acquiring=page.acquiring,
        arriving=arriving(wanted, visitor, services) if begins else [],
        as_of=now,
    )


@routes.get("/worklist/counts", operation_id="get_worklist_counts")
def get_worklist_counts(visitor: SeesExams, services: Services) -> WorklistCounts:
    """Counter of each saved list."""
    now = services.clock()
    counts = services.exams.counts(visitor.person.login, scope=visitor.scope, now=now)
    return WorklistCounts(
        to_read=counts.lists[SavedList.TO_READ],
        mine=counts.lists[SavedList.MINE],
        drafts=counts.lists[SavedList.DRAFTS],
        recent=counts.lists[SavedList.RECENT],
        all=counts.lists[SavedList.ALL],
        stat=counts.stat,
        acquiring=counts.acquiring,
        as_of=now,
    )


def exam_views(visitor: Visitor, services: WebServices) -> ExamViews:
    """Return what turns exams into rows for this visitor."""
    here = services.elsewhere.here
    homes = services.elsewhere.homes()
    return ExamViews(
        visitor,
        Sites(services.desk.organisations),
        services.node.community,
        lambda exams: marks(exams, visitor, services),
        {tenant: home.value for tenant, home in homes.items() if home != here},
    )


def _filters(asked: WorklistFilters, visitor: Visitor) -> Filters:
    modalities = frozenset(one.upper() for one in asked.modality)
    if not all(MODALITY.fullmatch(one) for one in modalities):
        raise Malformed("a modality is a code string such as CT (PS3.3 section C.7.3.1.1.1)")
    return Filters(
        saved_list=SavedList(asked.list_),
        login=visitor.person.login,
        text=asked.q.strip(),
        modalities=modalities,
        statuses=frozenset(Status(one) for one in asked.status),
        sites=frozenset(TenantId(one) for one in asked.site),
        urgencies=frozenset(Urgency[one.upper()] for one in asked.urgency),
        first_day=f"{asked.since:%Y%m%d}" if asked.since else "",
        last_day=f"{asked.until:%Y%m%d}" if asked.until else "",
    )


def _audit_search(visitor: Visitor, services: WebServices) -> None:
    # What was typed is left out: it is a patient's name.
    services.desk.audit.record(
        [
            AuditEntry(
                tenant=visitor.person.tenant,
                at=services.clock(),
                actor=visitor.scope.actor,
                action=Action.QUERY,
                subject="worklist",
                door=DOOR,
                detail="search by text",
            )
        ]
    )

"""Patients: search and timeline."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query

from archipel.access.model import Action, AuditEntry, Visitor
from archipel.kernel.errors import NotFound
from archipel.kernel.identifiers import TenantId
from archipel.protocols.web.models.people import (
    KnownIdentifier,
    PersonHit,
    PersonHits,
    PersonPage,
)
from archipel.protocols.web.models.transfer import ElsewhereExam
from archipel.protocols.web.routes.transfers import views_of
from archipel.protocols.web.routes.worklist import exam_views
from archipel.protocols.web.services import DOOR, Services, WebServices
from archipel.protocols.web.views import Sites, banner
from archipel.protocols.web.visitors import SearchesPatients
from archipel.reading.model import Exam

routes = APIRouter(tags=["persons"])


@routes.get("/persons", operation_id="find_persons")
def find_persons(
    q: Annotated[str, Query(min_length=1, max_length=128)],
    visitor: SearchesPatients,
    services: Services,
    limit: Annotated[int, Query(ge=1, le=100)] = 25,
) -> PersonHits:
    """Find by name, birth date, identifier or accession number; audited."""
    _audit(visitor, services, Action.QUERY, "persons", visitor.person.tenant)
    found = services.exams.persons(
        q, scope=visitor.scope, now=services.clock(), limit=limit + 1
    )
    sites = Sites(services.desk.organisations)
    return PersonHits(
        persons=[
            PersonHit(
                person=one.latest.person_key,
                banner=banner(one.latest),
                exams=one.exams,
                last_study_at=one.latest.studied,
                sites=[sites.of(tenant) for tenant in one.tenants],
            )
            for one in found[:limit]
        ],
        more=len(found) > limit,
    )


@routes.get("/persons/{person}", operation_id="get_person")
def get_person(person: str, visitor: SearchesPatients, services: Services) -> PersonPage:
    """Banner and exams of one person over the organisations in scope; audited."""
    exams = services.exams.of_person(person, scope=visitor.scope, now=services.clock())
    if not exams:
        raise NotFound("there is no such person within your organisations")
    for tenant in sorted({exam.id.tenant for exam in exams}):
        _audit(visitor, services, Action.READ, exams[0].person_key, tenant)
    views = exam_views(visitor, services)
    return PersonPage(
        person=exams[0].person_key,
        banner=banner(exams[0]),
        identifiers=_identifiers(exams, views.sites),
        exams=views.rows(exams),
        elsewhere=_elsewhere(exams, visitor, services),
        nodes=views_of(services).nodes(services.elsewhere.reach()),
    )


def _elsewhere(
    exams: Sequence[Exam], visitor: Visitor, services: WebServices
) -> list[ElsewhereExam]:
    """List what other nodes announced of this person and is not in the visitor's lists."""
    here = {(exam.id.tenant, exam.id.study) for exam in exams}
    studies = [
        one
        for one in services.elsewhere.studies({exam.patient for exam in exams})
        if (one.key.tenant, one.key.study) not in here
    ]
    wanted = services.elsewhere.transfers.visible(scope=visitor.scope) if studies else []
    return views_of(services).exams(studies, wanted)


def _identifiers(exams: Sequence[Exam], sites: Sites) -> list[KnownIdentifier]:
    owners = {exam.patient: exam.id.tenant for exam in exams}
    return [
        KnownIdentifier(
            value=patient.value,
            issuer=patient.issuer.namespace,
            organisation=sites.of(tenant),
        )
        for patient, tenant in sorted(owners.items())
    ]


def _audit(
    visitor: Visitor, services: WebServices, action: Action, subject: str, tenant: TenantId
) -> None:
    services.desk.audit.record(
        [
            AuditEntry(
                tenant=tenant,
                at=services.clock(),
                actor=visitor.scope.actor,
                action=action,
                subject=subject,
                door=DOOR,
                detail="person",
            )
        ]
    )

"""Patients: search and timeline."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query

from archipel.access.model import Action, AuditEntry, Permission, Visitor
from archipel.exchange.oppose import say
from archipel.kernel.errors import NotFound
from archipel.kernel.identifiers import Issuer, PatientIdentifier, TenantId
from archipel.protocols.web.models.base import Problem
from archipel.protocols.web.models.people import (
    KnownIdentifier,
    OppositionView,
    OppositionWrite,
    PersonHit,
    PersonHits,
    PersonPage,
)
from archipel.protocols.web.models.transfer import ElsewhereExam
from archipel.protocols.web.routes.transfers import views_of
from archipel.protocols.web.routes.worklist import exam_views
from archipel.protocols.web.services import DOOR, Services, WebServices
from archipel.protocols.web.views import Sites, banner
from archipel.protocols.web.visitors import RecordsOpposition, SearchesPatients
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
    found = services.exams.persons(q, scope=visitor.scope, now=services.clock(), limit=limit + 1)
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
        oppositions=_oppositions(_own(exams, visitor), visitor, services),
        exams=views.rows(exams),
        elsewhere=_elsewhere(exams, visitor, services),
        nodes=views_of(services).nodes(services.elsewhere.reach()),
    )


@routes.put(
    "/persons/{person}/opposition",
    operation_id="keep_opposition",
    responses={409: {"model": Problem}},
)
def keep_opposition(
    person: str, wanted: OppositionWrite, visitor: RecordsOpposition, services: Services
) -> list[OppositionView]:
    """Write down that a patient opposes sharing, or no longer does; audited.

    It holds here at once, and on every other node when it is heard there. 404 for an identifier
    that is not the visitor's own organisation's, 409 where it is so already.
    """
    now = services.clock()
    own = _own(services.exams.of_person(person, scope=visitor.scope, now=now), visitor)
    patient = PatientIdentifier(wanted.value, Issuer(wanted.issuer))
    if patient not in own:
        raise NotFound("your organisation knows this person by no such identifier")
    say(
        patient,
        tenant=visitor.person.tenant,
        opposed=wanted.opposed,
        reason=wanted.reason,
        desk=services.opposing(visitor),
        now=now,
    )
    return _oppositions(own, visitor, services)


def _own(exams: Sequence[Exam], visitor: Visitor) -> list[PatientIdentifier]:
    """Return the identifiers that the visitor's organisation gave the person."""
    own = [one.patient for one in exams if one.id.tenant == visitor.person.tenant]
    return list(dict.fromkeys(own))


def _oppositions(
    patients: Sequence[PatientIdentifier], visitor: Visitor, services: WebServices
) -> list[OppositionView]:
    said = services.oppositions.said(patients, tenant=visitor.person.tenant)
    return [
        OppositionView(
            value=patient.value,
            issuer=patient.issuer.namespace,
            opposed=last is not None and last.opposed,
            at=last.at if last else None,
            by=last.by if last else "",
            reason=last.reason if last else "",
            may_change=visitor.may(Permission.RECORD_OPPOSITION),
        )
        for patient in patients
        for last in [said.get(patient)]
    ]


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

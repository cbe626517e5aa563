"""The identity desk: who is doubted, who is whom (IHE PIX: links between identifiers).

Identifiers of patients travel in bodies, never in addresses.
"""

from fastapi import APIRouter

from archipel.access.model import Action, AuditEntry, Visitor
from archipel.identity import desk, link
from archipel.identity.model import PersonId
from archipel.kernel.errors import NotFound
from archipel.protocols.web.identity_views import Seen, key_of
from archipel.protocols.web.models.identity import (
    AlikePerson,
    IdentityDesk,
    LinkEnd,
    LinkWish,
    PersonIdentity,
    SourceDecision,
    SourceView,
)
from archipel.protocols.web.routes.worklist import exam_views
from archipel.protocols.web.services import DOOR, Services, WebServices
from archipel.protocols.web.visitors import ResolvesIdentity
from archipel.reading.model import ExamId

routes = APIRouter(tags=["identity"])
SHOWN = 50  # of each kind
ALIKE_SHOWN = 6


@routes.get("/identity/desk", operation_id="list_doubted")
def list_doubted(visitor: ResolvesIdentity, services: Services) -> IdentityDesk:
    """List sources whose traits do not fit, studies that name no patient; audited."""
    scope, now = visitor.scope, services.clock()
    _audit(visitor, services, "identity desk", "lists")
    doubted = services.persons.doubted(scope=scope, limit=SHOWN + 1)
    nameless = services.settling.differences.unidentified(scope=scope, limit=SHOWN + 1)
    views, seen = exam_views(visitor, services), Seen(services.desk)
    return IdentityDesk(
        doubted=[seen.source(one) for one in doubted[:SHOWN]],
        unidentified=[
            views.row(services.exams.exam(ExamId(key.tenant, key.study), scope=scope, now=now))
            for key in nameless[:SHOWN]
        ],
        more=len(doubted) > SHOWN or len(nameless) > SHOWN,
    )


@routes.get("/persons/{person}/identity", operation_id="get_identity")
def get_identity(person: str, visitor: ResolvesIdentity, services: Services) -> PersonIdentity:
    """Give sources, links and who is alike; audited."""
    _audit(visitor, services, person, "identity")
    return _identity(PersonId(person), visitor, services)


@routes.post("/identity/sources", operation_id="decide_source")
def decide_source(
    wanted: SourceDecision, visitor: ResolvesIdentity, services: Services
) -> SourceView:
    """Vouch for a source, or take that back; audited."""
    decide = desk.vouch if wanted.decision == "vouch" else desk.doubt_again
    key = key_of(wanted.source)
    decide(
        key,
        visitor=visitor,
        persons=services.persons,
        audit=services.desk.audit,
        now=services.clock(),
    )
    found = services.persons.source(key, scope=visitor.scope)
    if found is None:
        raise NotFound("there is no such source patient within your organisations")
    return Seen(services.desk).source(found)


@routes.post("/identity/links", operation_id="link_sources", status_code=201)
def link_sources(
    wanted: LinkWish, visitor: ResolvesIdentity, services: Services
) -> PersonIdentity:
    """Say that two sources are one person; their exams follow at once; audited."""
    link.link(
        key_of(wanted.one),
        key_of(wanted.other),
        basis=wanted.basis,
        visitor=visitor,
        persons=services.persons,
        audit=services.desk.audit,
        now=services.clock(),
    )
    return _of_source(wanted, visitor, services)


@routes.post("/identity/links/end", operation_id="unlink_sources")
def unlink_sources(
    wanted: LinkEnd, visitor: ResolvesIdentity, services: Services
) -> PersonIdentity:
    """Take a link back: all is as if it had never been; audited."""
    link.unlink(
        key_of(wanted.one),
        key_of(wanted.other),
        visitor=visitor,
        persons=services.persons,
        audit=services.desk.audit,
        now=services.clock(),
    )
    return _of_source(wanted, visitor, services)


def _of_source(
    wanted: LinkWish | LinkEnd, visitor: Visitor, services: WebServices
) -> PersonIdentity:
    source = services.persons.source(key_of(wanted.one), scope=visitor.scope)
    if source is None:
        raise NotFound("there is no such source patient within your organisations")
    return _identity(source.person, visitor, services)


def _identity(person: PersonId, visitor: Visitor, services: WebServices) -> PersonIdentity:
    found = services.persons.person(person, scope=visitor.scope)
    if found is None:
        raise NotFound("there is no such person within your organisations")
    seen = Seen(services.desk)
    others = desk.alike(found, visitor=visitor, persons=services.persons, limit=ALIKE_SHOWN)
    return PersonIdentity(
        person=found.id,
        sources=[seen.source(one) for one in found.sources],
        links=[seen.link(one) for one in services.persons.links(found.id, scope=visitor.scope)],
        alike=[
            AlikePerson(
                person=one.person.id,
                agrees=sorted(trait.value for trait in one.agrees),
                sources=[seen.source(source) for source in one.person.sources],
            )
            for one in others
        ],
    )


def _audit(visitor: Visitor, services: WebServices, subject: str, detail: str) -> None:
    told = AuditEntry(
        tenant=visitor.person.tenant,
        at=services.clock(),
        actor=visitor.scope.actor,
        action=Action.READ,
        subject=subject,
        door=DOOR,
        detail=detail,
    )
    services.desk.audit.record([told])

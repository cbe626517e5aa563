"""Agreements for reading: whom an organisation may ask. For its administrators."""

from datetime import time, timedelta

from fastapi import APIRouter

from archipel.kernel.errors import Malformed, NotFound
from archipel.kernel.identifiers import TenantId
from archipel.protocols.web.ladder_views import LEVELS, agreement_view
from archipel.protocols.web.models.agreement import AgreementView, AgreementWrite, SiteBody
from archipel.protocols.web.routes.admin_peers import tenant_within
from archipel.protocols.web.services import DOOR, Services, WebServices
from archipel.protocols.web.visitors import Administers
from archipel.reading.model import Urgency
from archipel.reading.request import agree
from archipel.reading.request.model import Agreement, Hours, Site

routes = APIRouter(prefix="/admin/agreements", tags=["administration"])


@routes.get("", operation_id="list_agreements")
def list_agreements(visitor: Administers, services: Services) -> list[AgreementView]:
    """Agreements of the organisations within scope, ended ones too."""
    now = services.clock()
    return [
        agreement_view(one, now=now)
        for tenant in sorted(visitor.scope.tenants)
        for one in services.asking.agreements.of(tenant, scope=visitor.scope)
    ]


@routes.put("", operation_id="keep_agreement")
def keep_agreement(
    wanted: AgreementWrite, visitor: Administers, services: Services
) -> AgreementView:
    """Make an agreement, or replace the one of this key; audited. With `ends` past, it has ended.

    A partner on another node also needs that node's leave, see `archipel peer agree`.
    """
    now = services.clock()
    hours = wanted.hours
    drawn = Agreement(
        key=wanted.key,
        asking=tenant_within(wanted.asking, visitor),
        partner=_site(wanted.partner, services),
        level=LEVELS[wanted.level],
        modalities=frozenset(wanted.modalities),
        hours=Hours(
            days=frozenset(hours.days),
            since=time.fromisoformat(hours.since),
            until=time.fromisoformat(hours.until),
        ),
        time_zone=wanted.time_zone,
        delays={
            Urgency[name.upper()]: timedelta(seconds=delay)
            for name, delay in wanted.delays_s.items()
        }
        or None,
        phone=wanted.phone,
        relief=tuple(_site(one, services) for one in wanted.relief),
        ends=wanted.ends,
    )
    desk = agree.Desk(
        agreements=services.asking.agreements,
        audit=services.desk.audit,
        scope=visitor.scope,
        door=DOOR,
    )
    return agreement_view(agree.keep(drawn, desk=desk, now=now), now=now)


def _site(named: SiteBody, services: WebServices) -> Site:
    """Read an organisation; one that is at home here is looked up."""
    tenant, own = TenantId(named.key), services.asking.node
    if named.node not in (None, own):
        if not named.name:
            raise Malformed("say the name of an organisation of another node")
        return Site(tenant, named.node or "", named.name)
    held = services.desk.organisations.organisation(tenant=tenant)
    if held is None:
        raise NotFound(f"no organisation {tenant} is at home on this node: say its node")
    return Site(tenant, own, held.name)

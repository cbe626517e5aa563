"""All of /api, built from its services."""

from fastapi import APIRouter, Depends, Request

from archipel.protocols.web.live import Live
from archipel.protocols.web.routes import (
    admin_agreements,
    admin_audit,
    admin_peers,
    admin_people,
    admin_webhooks,
    awaited,
    changes,
    deidentifying,
    events,
    exams,
    identity,
    network,
    node,
    persons,
    reports,
    requests,
    session,
    shares,
    signed_reports,
    signing,
    transfers,
    worklist,
)
from archipel.protocols.web.routes.desks import quality, settling
from archipel.protocols.web.services import WebServices

PARTS = (
    session,
    worklist,
    events,
    exams,
    reports,
    signing,
    signed_reports,
    shares,
    deidentifying,
    changes,
    persons,
    identity,
    transfers,
    awaited,  # before the names of requests
    requests,
    admin_agreements,
    admin_peers,
    admin_people,
    admin_audit,
    admin_webhooks,
    node,
    settling,
    quality,
    network,
)


def router(services: WebServices) -> APIRouter:
    """Build the routes of /api over `services`."""
    live = Live(services.changes)

    async def hand_in(request: Request) -> None:
        request.state.web = services
        request.state.live = live

    built = APIRouter(dependencies=[Depends(hand_in)])
    built.include_router(described())
    return built


def described() -> APIRouter:
    """Give the routes without services: enough for the OpenAPI document."""
    api = APIRouter(prefix="/api")
    for part in PARTS:
        api.include_router(part.routes)
    return api

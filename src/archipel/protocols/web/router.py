"""All of /api, built from its services."""

from fastapi import APIRouter

from archipel.protocols.web.routes import (
    admin_peers,
    admin_people,
    events,
    exams,
    node,
    persons,
    reports,
    session,
    worklist,
)

PARTS = (session, worklist, events, exams, reports, persons, admin_peers, admin_people, node)


def router() -> APIRouter:
    """Build the routes of /api."""
    api = APIRouter(prefix="/api")
    for part in PARTS:
        api.include_router(part.routes)
    return api

"""All of /portal/api, built from its services."""

from fastapi import APIRouter, Depends, Request

from archipel.protocols.web.portal import entry, looks, results
from archipel.protocols.web.portal.services import PortalServices
from archipel.protocols.web.portal.visitors import same_site

PREFIX = "/portal/api"
PARTS = (entry, results, looks)


def portal_router(services: PortalServices) -> APIRouter:
    """Build the routes over `services`. They stand in no document that the portal serves."""

    async def hand_in(request: Request) -> None:
        request.state.portal = services

    built = APIRouter(dependencies=[Depends(hand_in), Depends(same_site)], include_in_schema=False)
    built.include_router(described())
    return built


def described() -> APIRouter:
    """Give the routes without services: enough for the OpenAPI document."""
    api = APIRouter(prefix=PREFIX)
    for part in PARTS:
        api.include_router(part.routes)
    return api

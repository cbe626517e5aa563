"""The OpenAPI document of /api, for the typed client of the front end."""

from typing import Any

from fastapi import APIRouter, FastAPI

from archipel.protocols.web.models.base import Problem

TITLE = "Archipel"
VERSION = "1"  # of this API: raised only when a name is taken away


def documented(api: APIRouter) -> FastAPI:
    """Mount `api` in an application that serves its document at /api/openapi.json."""
    app = FastAPI(
        title=TITLE,
        version=VERSION,
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        responses={
            "4XX": {
                "model": Problem,
                "description": "Refused",
                "content": {"application/problem+json": {}},
            },
        },
    )
    app.include_router(api)
    return app


def document(*apis: APIRouter) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of these doors of ours together."""
    app = documented(apis[0])
    for more in apis[1:]:
        app.include_router(more)
    return app.openapi()

"""Live updates: one stream of server-sent events per tab."""

from typing import Annotated

from fastapi import APIRouter, Header, Query
from fastapi.responses import StreamingResponse

from archipel.protocols.web.routes.waiting import waiting

routes = APIRouter(tags=["events"])


@routes.get(
    "/events",
    operation_id="stream_events",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
)
async def stream_events(
    topics: Annotated[str, Query(max_length=2048)] = "list",
    last_event_id: Annotated[str | None, Header(max_length=64)] = None,
) -> StreamingResponse:
    """Follow topics, comma-separated: `list`, `exam:{id}`, `claim:{id}`.

    Each event has a name (`list`, `exam`, `claim`), an id to resume from and JSON data:
    `list` {exam, change}, `exam` {exam, change}, `claim` {exam, claim or null}. `reset` tells
    that the gap is too wide to resume: load again. A comment every 15 s keeps the line open.
    """
    raise waiting

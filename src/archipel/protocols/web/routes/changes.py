"""The feed of changes: ordered, replayable, filtered, with a long poll."""

import asyncio
import time
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.concurrency import run_in_threadpool

from archipel.access.model import Visitor
from archipel.protocols.web.models.base import Problem
from archipel.protocols.web.models.changes import ChangesView, changes_view
from archipel.protocols.web.services import Services, WebServices
from archipel.protocols.web.visitors import SeesExams
from archipel.results.feed.model import MOST, Cursor, FeedPage, wanted

routes = APIRouter(tags=["changes"])
LONGEST_WAIT_S = 30.0
LOOK_EVERY_S = 0.5
LATEST = "latest"


@routes.get("/changes", operation_id="list_changes", responses={409: {"model": Problem}})
async def list_changes(
    visitor: SeesExams,
    services: Services,
    since: Annotated[str, Query(max_length=64)] = "",
    limit: Annotated[int, Query(ge=1, le=MOST)] = 100,
    kinds: Annotated[str, Query(max_length=1024)] = "",
    wait_s: Annotated[float, Query(ge=0, le=LONGEST_WAIT_S)] = 0,
) -> ChangesView:
    """Read what happened to the exams you see, oldest first, behind the cursor `since`.

    Without `since` from the oldest change that is kept (90 days); `latest` gives the cursor of
    this moment. `kinds` are names joined by commas. With `wait_s` an empty answer waits so long
    for a change. 409: the feed cannot go on from this cursor, begin again without.
    """
    named = wanted([kind.strip() for kind in kinds.split(",") if kind.strip()])
    if since == LATEST:
        newest = await run_in_threadpool(services.feed.newest)
        return ChangesView(changes=[], next=str(newest), more=False)
    cursor = Cursor.parse(since) if since else None
    ends = time.monotonic() + wait_s
    while True:
        page = await run_in_threadpool(_page, services, visitor, cursor, named, limit)
        cursor = page.next
        if page.changes or (time.monotonic() >= ends and not page.more):
            return changes_view(page)
        if page.more:
            continue  # all of it was of others
        await _news(services, cursor, ends)


def _page(
    services: WebServices,
    visitor: Visitor,
    since: Cursor | None,
    kinds: frozenset[str],
    limit: int,
) -> FeedPage:
    return services.feed.page(since, kinds=kinds, limit=limit, scope=visitor.scope)


async def _news(services: WebServices, cursor: Cursor, ends: float) -> None:
    """Wait until something happened that the feed tells anybody, or the time is up."""
    while time.monotonic() < ends:
        await asyncio.sleep(min(LOOK_EVERY_S, max(0.0, ends - time.monotonic())))
        if await run_in_threadpool(services.feed.newest) != cursor:
            return

"""A whole page as server-sent events (HTML, section 9.2), sent anew whenever it changed.

For pages that are made of more than one announcement could tell: what peers are doing now. Who
watches is recognised again every `HEARTBEAT_S`, however much there is to tell.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Generic, TypeVar

from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from archipel.access.model import Visitor
from archipel.kernel.errors import ArchipelError, Unavailable
from archipel.protocols.web.models.base import View

LOOK_S = 1.0
HEARTBEAT_S = 15.0
Seen = TypeVar("Seen", bound=View)


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched(Generic[Seen]):
    """What is watched, and by whom."""

    event: str
    look: Callable[[Visitor], Seen]  # `Unavailable` while the database is away: nothing is told
    steady: Callable[[Seen], str]  # what must differ for it to be told again
    admit: Callable[[], Visitor]  # raises when whoever watches may no longer


def streamed(watched: Watched[Seen], visitor: Visitor) -> StreamingResponse:
    """Answer with the stream; it ends when the visitor leaves or is no longer let in."""
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    told = tell(watched, visitor)
    return StreamingResponse(told, media_type="text/event-stream", headers=headers)


async def tell(watched: Watched[Seen], visitor: Visitor) -> AsyncIterator[str]:
    """Look every `LOOK_S`; an event when something changed, a comment at each heartbeat."""
    said, asked_s = None, time.monotonic()
    yield "retry: 2000\n\n"
    while True:
        view = None
        with suppress(Unavailable):
            view = await run_in_threadpool(watched.look, visitor)
        if view is not None and (told := watched.steady(view)) != said:
            said = told
            yield f"event: {watched.event}\ndata: {view.model_dump_json()}\n\n"
        if time.monotonic() - asked_s > HEARTBEAT_S:
            asked_s = time.monotonic()
            try:
                visitor = await run_in_threadpool(watched.admit)
            except ArchipelError:
                return
            yield ": heartbeat\n\n"
        await asyncio.sleep(LOOK_S)

"""How many match a search, without the matches: our extension of QIDO-RS.

``GET /studies/count?...`` takes the keys of a search and answers ``{"count": 12}``, so that a
page can tell a number before it fetches. Counting ends at `MOST_COUNTED`.
"""

from collections.abc import Callable
from functools import partial

import orjson
from starlette.responses import Response

from archipel.kernel.hierarchy import Level
from archipel.protocols.dicomweb.negotiation import PLAIN_JSON, accepted
from archipel.protocols.dicomweb.problem import NotAcceptable
from archipel.protocols.dicomweb.searching.search import keys_of, read_search, warnings_of
from archipel.protocols.dicomweb.visits import Visit

MOST_COUNTED = 100_000


def count(level: Level) -> Callable[[Visit], Response]:
    """Make the work of one counting resource."""
    return partial(_count, level)


def _count(level: Level, visit: Visit) -> Response:
    if not any(media.includes(PLAIN_JSON) for media in accepted(visit.request)):
        raise NotAcceptable(f"a count leaves as {PLAIN_JSON}")
    most = visit.services.limits.answers
    asked = read_search(visit.request.query_params.multi_items(), most=most)
    visit.audit_query(f"{level.name.lower()} count", keys_of(asked.query))
    counted = visit.services.catalogue.count
    number = counted(level, asked.query, scope=visit.visitor.scope, cap=MOST_COUNTED)
    headers = {"Cache-Control": "private, no-store"}
    if warnings := warnings_of(asked, visit.base_url):
        headers["Warning"] = ", ".join(warnings)
    return Response(orjson.dumps({"count": number}), 200, headers, PLAIN_JSON)

"""QIDO-RS: searching for studies, series and instances (PS3.18 section 10.6)."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import orjson
from starlette.responses import Response

from archipel.access.model import Permission
from archipel.archive.model import Query
from archipel.kernel.hierarchy import Level
from archipel.protocols.dicomweb.bodies import Multipart, PiecesResponse
from archipel.protocols.dicomweb.caching import etag_of
from archipel.protocols.dicomweb.native_model import to_xml
from archipel.protocols.dicomweb.negotiation import (
    JSON,
    PLAIN_JSON,
    RELATED,
    XML,
    accepted,
)
from archipel.protocols.dicomweb.problem import NotAcceptable
from archipel.protocols.dicomweb.searching.answers import SERIES_UID, STUDY_UID, Answers
from archipel.protocols.dicomweb.searching.beyond import add_from_metadata
from archipel.protocols.dicomweb.searching.search import keys_of, read_search, warnings_of
from archipel.protocols.dicomweb.visits import Visit

MOST_COUNTED = 10_000  # remaining results: beyond, this number is said

_PATH_KEYS = (("study", STUDY_UID), ("series", SERIES_UID))


def search(level: Level, *, relational: bool = False) -> Callable[[Visit], Response]:
    """Make the work of one search resource; a relational one adds upper levels."""
    return partial(_search, level, relational)


def _search(level: Level, relational: bool, visit: Visit) -> Response:
    kind = _kind(visit)
    most = visit.services.limits.answers
    asked = read_search(visit.request.query_params.multi_items(), most=most)
    query = _within_path(asked.query, visit)
    visit.audit_query(f"{level.name.lower()} search", keys_of(query))
    limit = most if query.limit is None else query.limit
    found = visit.services.catalogue.find(
        level, replace(query, limit=limit + 1), scope=visit.visitor.scope
    )
    warnings = warnings_of(asked, visit.base_url)
    if len(found) > limit:
        found = found[:limit]
        warnings.append(_more(visit, level, query, query.offset + limit))
    headers = {"Cache-Control": "private, no-store"}
    if warnings:
        headers["Warning"] = ", ".join(warnings)
    if not found:
        return Response(None, 204, headers)
    answers = Answers(level, asked, above=relational, base_url=visit.base_url)
    written = b"[%s]" % b",".join([answers.write(match) for match in found])
    beyond = asked.beyond if level is Level.IMAGE else frozenset()
    beyond = beyond if visit.visitor.may(Permission.READ_IMAGES) else frozenset()
    if kind != XML and not beyond:
        return Response(written, 200, headers, kind)
    datasets = orjson.loads(written)
    if beyond:
        add_from_metadata(visit, datasets, beyond)
    if kind != XML:
        return Response(orjson.dumps(datasets), 200, headers, kind)
    multipart = Multipart(etag_of(*(str(d) for d in datasets)), XML)
    pieces = [p for d in datasets for p in (multipart.head(XML), to_xml(d))]
    return PiecesResponse(
        [*pieces, multipart.tail], media_type=multipart.media_type, headers=headers
    )


def _kind(visit: Visit) -> str:
    for media in accepted(visit.request):
        if media.name == RELATED:
            if media.part.includes(XML) and "type" in media.parameters:
                return XML
        elif media.includes(JSON):
            return JSON
        elif media.includes(PLAIN_JSON):
            return PLAIN_JSON
    raise NotAcceptable(f"answers leave as {JSON} or as {RELATED} of {XML}")


def _within_path(query: Query, visit: Visit) -> Query:
    matching = dict(query.matching)
    for name, tag in _PATH_KEYS:
        uid = visit.uid(name)
        if uid is not None:
            matching[tag] = uid.value
    return replace(query, matching=matching)


def _more(visit: Visit, level: Level, query: Query, passed: int) -> str:
    """Say how many results remain (PS3.18 8.3.4.4); counted up to a bound."""
    count = visit.services.catalogue.count
    total = count(level, query, scope=visit.visitor.scope, cap=passed + MOST_COUNTED)
    remaining = min(total - passed, MOST_COUNTED)
    text = f"There are {remaining} additional results that can be requested"
    return f'299 {visit.base_url} "{text}"'

"""What this door offers, told by OPTIONS of its base (PS3.18 section 8.9): WADL or JSON."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from xml.sax.saxutils import quoteattr

import orjson
from starlette.responses import Response

from archipel.protocols.dicomweb.negotiation import PLAIN_JSON, accepted
from archipel.protocols.dicomweb.problem import NotAcceptable
from archipel.protocols.dicomweb.visits import Visit, Work

WADL = "application/vnd.sun.wadl+xml"
_NAMESPACE = "http://wadl.dev.java.net/2009/02"
_STEP = re.compile(r"\{(\w+)(?::path)?\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One resource: its path below the base, its method, what it takes and what it answers."""

    path: str
    method: str
    service: str
    answers: Sequence[str]
    takes: Sequence[str] = ()
    parameters: Sequence[str] = ()


def capabilities(offers: Sequence[Offer]) -> Work:
    """Make the work of the resource that tells these."""
    return partial(_told, offers)


def _told(offers: Sequence[Offer], visit: Visit) -> Response:
    headers = {"Cache-Control": "private, no-cache", "Allow": "OPTIONS"}
    for media in accepted(visit.request):
        if media.includes(WADL):
            return Response(_wadl(offers, visit.base_url), 200, headers, WADL)
        if media.includes(PLAIN_JSON):
            return Response(orjson.dumps(_json(offers)), 200, headers, PLAIN_JSON)
    raise NotAcceptable(f"the capabilities leave as {WADL} or {PLAIN_JSON}")


def _json(offers: Sequence[Offer]) -> dict[str, object]:
    return {
        "resources": [
            {
                "path": _STEP.sub(r"{\1}", offer.path),
                "method": offer.method,
                "service": offer.service,
                "parameters": list(offer.parameters),
                "takes": list(offer.takes),
                "answers": list(offer.answers),
            }
            for offer in offers
        ]
    }


def _wadl(offers: Sequence[Offer], base_url: str) -> bytes:
    inner = "".join(_resource(offer) for offer in offers)
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><application xmlns="{_NAMESPACE}">'
        f"<resources base={quoteattr(base_url)}>{inner}</resources></application>"
    ).encode()


def _resource(offer: Offer) -> str:
    steps = "".join(
        f'<param name="{name}" style="template" required="true"/>'
        for name in _STEP.findall(offer.path)
    )
    queried = "".join(f'<param name="{name}" style="query"/>' for name in offer.parameters)
    taken = _representations(offer.takes)
    request = f"<request>{queried}{taken}</request>" if queried or taken else ""
    path = _STEP.sub(r"{\1}", offer.path).lstrip("/")
    return (
        f"<resource path={quoteattr(path)}>{steps}<method name={quoteattr(offer.method)}>"
        f"<doc title={quoteattr(offer.service)}/>{request}"
        f"<response>{_representations(offer.answers)}</response></method></resource>"
    )


def _representations(kinds: Sequence[str]) -> str:
    return "".join(f"<representation mediaType={quoteattr(kind)}/>" for kind in kinds)

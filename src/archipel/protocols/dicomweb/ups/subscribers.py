"""Who is told of workitems: subscribe, unsubscribe, suspend (PS3.18 sections 11.10 to 11.12)."""

from starlette.responses import Response

from archipel.access.model import Action
from archipel.kernel.aetitle import AETitle
from archipel.kernel.errors import Malformed
from archipel.orders.steps import seek
from archipel.orders.steps.model import FILTERED_GLOBAL, GLOBAL, Subscription
from archipel.protocols.dicomweb.ups.workitems import MOST_KEYS, path_of
from archipel.protocols.dicomweb.visits import Visit

_FILTER, _LOCK = "filter", "deletionlock"


def subscribe(visit: Visit, body: bytes) -> Response:
    """`POST /workitems/{workitem}/subscribers/{subscriber}` (section 11.10)."""
    del body  # has none
    query = visit.request.query_params
    lock = query.get(_LOCK, "false").lower()
    if lock not in {"true", "false"}:
        raise Malformed(f"{_LOCK} is true or false")
    target = visit.path_uid("workitem")
    pairs = _filtered(visit) if target == FILTERED_GLOBAL else ()
    if target != FILTERED_GLOBAL and _FILTER in query:
        raise Malformed(f"a filter goes with {FILTERED_GLOBAL}")
    wish = Subscription(
        tenant=visit.visitor.person.tenant,
        subscriber=_subscriber(visit),
        target=target,
        lock=lock == "true",
        keys=pairs,
    )
    visit.audit(Action.CHANGE, target.value, f"subscription of {wish.subscriber}")
    visit.services.workitems.subscribe(wish, now=visit.services.clock())
    scheme, _, rest = visit.base_url.partition("://")
    where = f"{'wss' if scheme == 'https' else 'ws'}://{rest}/subscribers/{wish.subscriber}"
    return Response(None, 201, {"Content-Location": where})


def unsubscribe(visit: Visit, body: bytes) -> Response:
    """`DELETE /workitems/{workitem}/subscribers/{subscriber}` (section 11.11)."""
    del body  # has none
    subscriber, target = _subscriber(visit), visit.path_uid("workitem")
    visit.audit(Action.CHANGE, target.value, f"no subscription of {subscriber}")
    tenant = visit.visitor.person.tenant
    visit.services.workitems.unsubscribe(subscriber, target, tenant=tenant)
    return Response(None, 200)


def suspend(visit: Visit, body: bytes) -> Response:
    """`POST /workitems/{workitem}/subscribers/{subscriber}/suspend` (section 11.12)."""
    del body  # has none
    subscriber, target = _subscriber(visit), visit.path_uid("workitem")
    if target not in {GLOBAL, FILTERED_GLOBAL}:
        raise Malformed(f"only {GLOBAL} and {FILTERED_GLOBAL} are suspended")
    visit.audit(Action.CHANGE, target.value, f"subscription of {subscriber} suspended")
    tenant = visit.visitor.person.tenant
    visit.services.workitems.suspend(subscriber, target, tenant=tenant)
    return Response(None, 200)


def _subscriber(visit: Visit) -> AETitle:
    return AETitle.parse(visit.request.path_params["subscriber"])


def _filtered(visit: Visit) -> tuple[tuple[str, str], ...]:
    """Read the keys of a filter: `filter=name=value`, comma between several, or plain keys."""
    given = visit.request.query_params.multi_items()
    pairs = [pair for pair in given if pair[0] not in {_FILTER, _LOCK}]
    for name, text in given:
        if name == _FILTER:
            for one in filter(None, text.split(",")):
                key, equals, value = one.partition("=")
                if not equals:
                    raise Malformed(f"{_FILTER} holds keys as name=value")
                pairs.append((key.strip(), value.strip()))
    if not 1 <= len(pairs) <= MOST_KEYS:
        raise Malformed(f"a filtered subscription has 1 to {MOST_KEYS} keys")
    written = tuple(
        (".".join(f"{tag:08X}" for tag in path_of(name)), text) for name, text in pairs
    )
    seek.read(written)
    return written

"""Workitems: create, retrieve, update, change state, request cancellation, search."""

from functools import partial

from starlette.responses import Response

from archipel.access.model import Action
from archipel.kernel.aetitle import AETitle
from archipel.kernel.errors import Malformed
from archipel.kernel.uid import Uid
from archipel.orders.steps import attributes as tags
from archipel.orders.steps import perform, seek
from archipel.orders.steps.errors import Unfit
from archipel.orders.steps.model import Notice, Outcome, State
from archipel.protocols.dicomweb.ups import bodies
from archipel.protocols.dicomweb.ups.endpoint import warning
from archipel.protocols.dicomweb.visits import Visit
from archipel.standards.dicom import dictionary
from archipel.standards.dicom.dataset import DataSet

MOST_KEYS = 64
_NO_STORE = {"Cache-Control": "private, no-store"}
_SAID = {
    Notice.WITH_MODIFICATIONS: "The Workitem was created with modifications.",
    Notice.UPDATED_WITH_MODIFICATIONS: "The Workitem was updated with modifications.",
    Notice.ALREADY_CANCELED: "The UPS is already in the requested state of CANCELED.",
    Notice.ALREADY_COMPLETED: "The UPS is already in the requested state of COMPLETED.",
}
_RESERVED = {"accept", "charset", "includefield", "emptyvaluematching", "multiplevaluematching"}
_PAGES = {"limit", "offset"}


def create(visit: Visit, body: bytes) -> Response:
    """`POST /workitems` (section 11.4)."""
    uid = bodies.named_uid(visit.request, "workitem", "AffectedSOPInstanceUID")
    now, tenant = visit.services.clock(), visit.visitor.person.tenant
    made = perform.create(bodies.read(visit.request, body), uid=uid, tenant=tenant, now=now)
    visit.audit(Action.CHANGE, made.workitem.uid.value, "workitem created")
    visit.services.workitems.add(made)
    where = f"{visit.base_url}/workitems/{made.workitem.uid}"
    headers = {"Location": where, "Content-Location": where}
    return _answered(visit, made, 201, headers)


def retrieve(visit: Visit) -> Response:
    """`GET /workitems/{workitem}` (section 11.5)."""
    kind = bodies.form(visit.request)
    uid = visit.path_uid("workitem")
    held = visit.services.workitems.workitem(uid, scope=visit.visitor.scope)
    visit.audit(Action.READ, uid.value, "workitem")
    return bodies.write(kind, [held.content], dict(_NO_STORE))


def update(visit: Visit, body: bytes) -> Response:
    """`POST /workitems/{workitem}` (section 11.6)."""
    changes = bodies.read(visit.request, body)
    transaction = bodies.named_uid(
        visit.request, "transaction-uid", "transactionUID", "transaction"
    ) or _transaction(changes)
    return _changed(
        visit,
        partial(
            perform.update, changes=changes, transaction=transaction, now=visit.services.clock()
        ),
        "workitem updated",
    )


def change_state(visit: Visit, body: bytes) -> Response:
    """`PUT /workitems/{workitem}/state` (section 11.7)."""
    asked = bodies.read(visit.request, body)
    said = asked.text(tags.STATE)
    if said not in {state.value for state in State}:
        raise Unfit("(0074,1000) names the state that is wanted")
    return _changed(
        visit,
        partial(
            perform.change_state,
            wanted=State(said),
            transaction=_transaction(asked),
            now=visit.services.clock(),
        ),
        f"workitem {said}",
    )


def request_cancel(visit: Visit, body: bytes) -> Response:
    """`POST /workitems/{workitem}/cancelrequest` (section 11.8)."""
    asked = bodies.read(visit.request, body) if body.strip() else DataSet()
    who = AETitle.parse(visit.request.path_params.get("requester", "") or "DICOMWEB")
    verb = partial(perform.request_cancel, asked=asked, who=who, now=visit.services.clock())
    return _changed(visit, verb, "workitem cancellation requested", status=202)


def search(visit: Visit) -> Response:
    """`GET /workitems` (section 11.9)."""
    kind = bodies.form(visit.request)
    pairs = visit.request.query_params.multi_items()
    once = {name: text for name, text in pairs if name in _PAGES | {"fuzzymatching"}}
    fuzzy = once.get("fuzzymatching", "false").lower() == "true"
    keys = keys_of(
        [pair for pair in pairs if pair[0] not in once and pair[0] not in _RESERVED], fuzzy=fuzzy
    )
    most = visit.services.limits.answers
    limit, offset = min(_number(once, "limit", most), most), _number(once, "offset", 0)
    named = " ".join(".".join(f"{tag:08X}" for tag in one.path) for one in keys)
    visit.audit(Action.QUERY, "workitem search", f"by {named or 'nothing'}")
    found = visit.services.workitems.search(
        keys, scope=visit.visitor.scope, limit=limit + 1, offset=offset
    )
    headers = dict(_NO_STORE)
    if len(found) > limit:
        found = found[:limit]
        headers["Warning"] = warning(visit, "There are more results that can be requested")
    if not found:
        return Response(None, 204, headers)
    return bodies.write(kind, [one.content for one in found], headers)


def keys_of(pairs: list[tuple[str, str]], *, fuzzy: bool = False) -> list[seek.Key]:
    """Read matching keys named by keyword or tag, sequences before a dot. Raises `Malformed`."""
    if len(pairs) > MOST_KEYS:
        raise Malformed(f"a search holds at most {MOST_KEYS} keys")
    return [seek.key(path_of(name), text, fuzzy=fuzzy) for name, text in pairs]


def path_of(name: str) -> list[int]:
    """Read the path that a key names. Raises `Malformed`."""
    path: list[int] = []
    for step in name.split("."):
        known = dictionary.tag_of(step)
        if known is None and (len(step) != 8 or not set(step) <= set("0123456789abcdefABCDEF")):  # noqa: PLR2004  (GGGGEEEE)
            raise Malformed("a key is an attribute's keyword or its 8 hexadecimal digits")
        path.append(int(step, 16) if known is None else known)
    return path


def _number(once: dict[str, str], name: str, otherwise: int) -> int:
    text = once.get(name)
    if text is None:
        return otherwise
    if not text.isascii() or not text.isdigit() or len(text) > 8:  # noqa: PLR2004  (digits)
        raise Malformed(f"{name} is a number")
    return int(text)


def _transaction(asked: DataSet) -> Uid | None:
    text = asked.text(tags.TRANSACTION)
    return Uid(text) if text else None


def _changed(visit: Visit, verb: "partial[Outcome]", what: str, *, status: int = 200) -> Response:
    uid, tenant = visit.path_uid("workitem"), visit.visitor.person.tenant
    visit.audit(Action.CHANGE, uid.value, what)
    outcome = visit.services.workitems.change(uid, verb, tenant=tenant)
    headers = {"Content-Location": f"{visit.base_url}/workitems/{uid}"}
    return _answered(visit, outcome, status, headers)


def _answered(visit: Visit, outcome: Outcome, status: int, headers: dict[str, str]) -> Response:
    if outcome.notice is not None:
        headers["Warning"] = warning(visit, _SAID[outcome.notice])
    return Response(None, status, headers | _NO_STORE)

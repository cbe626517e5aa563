"""Storage Commitment Service: `/commitment-requests/{transaction}` (PS3.18 chapter 13).

A request is kept and decided by durable work, which reads every instance again and hashes it; the
client comes back to hear what was decided. Nothing is said to be committed before.
"""

from starlette.responses import Response

from archipel.access.model import Action
from archipel.archive.commitment import Asker, Commitment, CommitmentKey, Reference
from archipel.kernel.aetitle import AETitle
from archipel.kernel.errors import Malformed, NotFound
from archipel.kernel.uid import Uid
from archipel.protocols.dicomweb.ups import bodies
from archipel.protocols.dicomweb.visits import Visit
from archipel.standards.dicom.charset import UTF_8
from archipel.standards.dicom.dataset import DataSet

PATH = "/commitment-requests/{transaction}"
SERVICE = "Storage Commitment"
MOST_BYTES = 16 << 20  # some 150 bytes an instance
MOST_INSTANCES = 50_000
RETRY_AFTER_S = 1
_TRANSACTION, _REFERENCED, _FAILED, _REASON = 0x00081195, 0x00081199, 0x00081198, 0x00081197
_CLASS, _INSTANCE = 0x00081150, 0x00081155
_CLIENTS = AETitle("DICOMWEB")  # a client has no title; it is known by its organisation


def commit(visit: Visit, body: bytes) -> Response:
    """`POST`: keep the request; 202, or 409 when the UID was used for other instances."""
    asked = bodies.read(visit.request, body)
    key = _key(visit)
    said = asked.text(_TRANSACTION)
    if said and said != key.transaction.value:
        raise Malformed("(0008,1195) names another transaction than the address")
    references = _references(asked)
    visit.audit(Action.CHANGE, key.transaction.value, f"commitment of {len(references)} instances")
    visit.services.commitments.ask(
        Commitment(
            key=key,
            own=_CLIENTS,
            references=references,
            asked_at=visit.services.clock(),
            failed={},
        )
    )
    return _later(visit, key)


def committed(visit: Visit) -> Response:
    """`GET`: 200 and what was decided, 202 while it is not. Raises `NotFound`."""
    kind = bodies.form(visit.request)
    key = _key(visit)
    found = visit.services.commitments.commitment(key)
    if found is None:
        raise NotFound("no such commitment request")
    visit.audit(Action.QUERY, key.transaction.value, "commitment result")
    if found.decided_at is None:
        return _later(visit, key)
    return bodies.write(kind, [_result(found)], {"Cache-Control": "private, no-store"})


def _later(visit: Visit, key: CommitmentKey) -> Response:
    where = f"{visit.base_url}/commitment-requests/{key.transaction}"
    return Response(None, 202, {"Content-Location": where, "Retry-After": str(RETRY_AFTER_S)})


def _key(visit: Visit) -> CommitmentKey:
    return CommitmentKey(
        tenant=visit.visitor.person.tenant,
        asker=Asker.CLIENT,
        peer=_CLIENTS,
        transaction=visit.path_uid("transaction"),
    )


def _references(asked: DataSet) -> tuple[Reference, ...]:
    items = asked.items(_REFERENCED)
    if not 1 <= len(items) <= MOST_INSTANCES:
        raise Malformed(f"(0008,1199) names 1 to {MOST_INSTANCES} instances, not {len(items)}")
    named = [Reference(Uid(one.text(_CLASS)), Uid(one.text(_INSTANCE))) for one in items]
    if len({one.sop_instance for one in named}) != len(named):
        raise Malformed("(0008,1199) names an instance twice")
    return tuple(named)


def _result(decided: Commitment) -> DataSet:
    made = DataSet(outer=UTF_8)
    made.set_text(_TRANSACTION, decided.key.transaction.value)
    kept = [_item(one) for one in decided.committed]
    if kept:
        made.set_items(_REFERENCED, kept)
    lost = []
    for one in decided.references:
        if one.sop_instance in decided.failed:
            item = _item(one)
            item.set_text(_REASON, str(int(decided.failed[one.sop_instance])))
            lost.append(item)
    if lost:
        made.set_items(_FAILED, lost)
    return made


def _item(one: Reference) -> DataSet:
    return DataSet.from_texts({_CLASS: one.sop_class.value, _INSTANCE: one.sop_instance.value})

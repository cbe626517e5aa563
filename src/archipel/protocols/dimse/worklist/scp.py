"""C-FIND of the modality worklist as provider (PS3.4 Annex K): the audit, then the answers.

A device sees the open steps of the organisation it called. A step that is bound to no station is
offered to all; it is answered with the title that was asked for, or the caller's own.
"""

import contextlib

from archipel.access.model import Action, Service
from archipel.kernel.errors import Exhausted, Malformed
from archipel.orders.ports import Scheduled
from archipel.protocols.dimse.dialogue import Dialogue
from archipel.protocols.dimse.errors import AssociationLost, ProtocolViolated
from archipel.protocols.dimse.negotiation import Context
from archipel.protocols.dimse.status import FIND, Status
from archipel.protocols.dimse.worklist.attributes import STATION, STEPS, Entry, entry
from archipel.protocols.dimse.worklist.keys import Asked, read
from archipel.standards.dicom import dataset as datasets
from archipel.standards.dicom.charset import SPECIFIC_CHARACTER_SET, suiting
from archipel.standards.dicom.command import Command
from archipel.standards.dicom.dataset import DataSet, Element

_MOST_STEPS = 10_000


def worklist(dialogue: Dialogue, context_id: int, context: Context, request: Command) -> None:
    """Serve one C-FIND-RQ, until its last answer or its cancellation."""
    try:
        raw = dialogue.identifier(context_id, request)
        dialogue.demand(Service.WORKLIST)
        asked = read(raw, context.transfer_syntax)
        dialogue.record(Action.QUERY, ["WORKLIST"], _named(asked))
        most = min(dialogue.settings.max_matches, _MOST_STEPS)  # they are read at once
        found = dialogue.services.worklist.steps(
            asked.narrowed(limit=most + 1), scope=dialogue.admission.scope
        )
        for one in found[:most]:
            if dialogue.cancelled(request.message_id):
                dialogue.respond(context_id, request, Status.CANCEL)
                return
            line = entry(one, _number(one))
            if asked.matches(line):
                answer = answered(asked, line, calling=dialogue.parties.calling.value)
                written = datasets.write(answer, context.transfer_syntax)
                dialogue.respond(context_id, request, Status.PENDING, dataset=[written])
        _check_complete(len(found), most)
    except (AssociationLost, ProtocolViolated):
        raise
    except Exception as failure:  # noqa: BLE001  (whatever it is, the peer gets an answer)
        dialogue.refuse(context_id, request, failure, FIND)
        return
    dialogue.respond(context_id, request, Status.SUCCESS)


def _check_complete(steps: int, most: int) -> None:
    if steps > most:
        raise Exhausted(f"more than {most} steps are open: narrow the query by date")


def answered(asked: Asked, line: Entry, *, calling: str) -> DataSet:
    """Write one answer: every key asked for, with a value or empty (PS3.4 C.4.1.1.3.2)."""
    step = dict(line.step)
    if line.anywhere:
        step[STATION] = _asked_station(asked) or calling
    made = DataSet()
    texts = [*line.whole.values(), *step.values()]
    texts += [text for items in line.items.values() for item in items for text in item.values()]
    charset = suiting(texts, asked.keys.charset)
    if str(charset):
        made.set_text(SPECIFIC_CHARACTER_SET, str(charset))
    _fill(made, asked.keys, line.whole, line)
    if STEPS in asked.keys:
        item = DataSet(outer=charset)
        wanted = asked.steps
        if not wanted.elements:  # a sequence without item: all that is known
            wanted = DataSet.from_texts(step)
        _fill(item, wanted, step, line)
        made.set_items(STEPS, [item])
    return made


def _fill(made: DataSet, wanted: DataSet, texts: dict[int, str], line: Entry) -> None:
    for tag, element in wanted.elements.items():
        if tag in {SPECIFIC_CHARACTER_SET, STEPS}:
            continue
        if isinstance(element.value, list) or tag in line.items:
            items = [_item(made, texts_) for texts_ in line.items.get(tag, [])]
            made.set_items(tag, items)
            continue
        made.elements[tag] = Element(element.vr, b"")
        if texts.get(tag):
            with contextlib.suppress(Malformed):  # a value that its VR cannot hold stays empty
                made.set_text(tag, texts[tag])


def _item(outer: DataSet, texts: dict[int, str]) -> DataSet:
    item = DataSet(outer=outer.charset)
    for tag, text in texts.items():
        item.set_text(tag, text)
    return item


def _asked_station(asked: Asked) -> str:
    text = asked.steps.text(STATION)
    return text if text and not set(text) & set("*?\\") else ""


def _number(one: Scheduled) -> int:
    return (one.order.said.steps or ()).index(one.step) + 1


def _named(asked: Asked) -> str:
    """Name the keys that were matched; their values are patient data and stay out."""
    tags = sorted({*asked.whole, *asked.step})
    return "by " + " ".join(f"{tag:08X}" for tag in tags) if tags else "by no key"

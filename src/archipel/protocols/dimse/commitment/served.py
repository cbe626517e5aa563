"""Storage commitment at the DICOM door (PS3.4 section J.3): requests taken, reports heard, given.

A request is answered when it is kept; the instances are read again and the report sent by the
process of durable work, over an association of its own. A requestor without a registered address
cannot be called: it hears its report here, on the association it asked on or on its next one.
"""

import logging

from archipel.access.model import Action, Service
from archipel.archive.commitment import Asker, Commitment, CommitmentKey
from archipel.kernel.errors import ArchipelError, Malformed, NotFound
from archipel.kernel.uid import Uid
from archipel.protocols.dimse.commitment import content
from archipel.protocols.dimse.dialogue import Dialogue
from archipel.protocols.dimse.errors import AssociationLost, NoSuchType, ProtocolViolated
from archipel.protocols.dimse.negotiation import Context
from archipel.protocols.dimse.status import COMMIT, HEARD, Status
from archipel.standards.dicom.command import Command, Element, event_report
from archipel.standards.dicom.service_classes import (
    STORAGE_COMMITMENT,
    STORAGE_COMMITMENT_INSTANCE,
)

log = logging.getLogger(__name__)

_LOOK_EVERY_S = 0.25
_LAST_MESSAGE_ID = 0xFFFF


def take(dialogue: Dialogue, context_id: int, context: Context, request: Command) -> None:
    """Serve one N-ACTION-RQ: keep the request, then answer."""
    try:
        raw = dialogue.identifier(context_id, request, dialogue.settings.max_action_bytes)
        dialogue.demand(Service.STORE)
        _check(request.text(Element.REQUESTED_SOP_INSTANCE))
        _check_type(request.number(Element.ACTION_TYPE), {content.REQUEST_COMMITMENT})
        transaction, references = content.read_request(raw, context.transfer_syntax)
        dialogue.fence()
        asked = Commitment(
            key=_key(dialogue, Asker.PEER, transaction),
            own=dialogue.parties.called,
            references=references,
            asked_at=dialogue.services.clock(),
            failed={},
        )
        detail = f"storage commitment of {len(references)} instances"
        dialogue.record(Action.QUERY, [transaction.value], detail)
        dialogue.services.commitments.ask(asked)
    except (AssociationLost, ProtocolViolated):
        raise
    except Exception as failure:  # noqa: BLE001  (whatever it is, the peer gets an answer)
        dialogue.refuse(context_id, request, failure, COMMIT)
        return
    dialogue.respond(context_id, request, Status.SUCCESS)


def hear(dialogue: Dialogue, context_id: int, context: Context, request: Command) -> None:
    """Serve one N-EVENT-REPORT-RQ: a peer says what it keeps of what we asked it to."""
    try:
        raw = dialogue.identifier(context_id, request, dialogue.settings.max_action_bytes)
        _check(request.text(Element.AFFECTED_SOP_INSTANCE))
        event_types = {content.ALL_COMMITTED, content.SOME_FAILED}
        _check_type(request.number(Element.EVENT_TYPE), event_types)
        told = content.read_report(raw, context.transfer_syntax)
        asked = _asked(dialogue, told)
        dialogue.services.commitments.decide(
            asked.key, told.failures_of(asked), now=dialogue.services.clock()
        )
    except (AssociationLost, ProtocolViolated):
        raise
    except Exception as failure:  # noqa: BLE001  (whatever it is, the peer gets an answer)
        dialogue.refuse(context_id, request, failure, HEARD)
        return
    dialogue.respond(context_id, request, Status.SUCCESS)


def expects_reports(dialogue: Dialogue) -> bool:
    """Tell whether the peer must be given its reports here: nobody can call it."""
    if not any(one.abstract_syntax == STORAGE_COMMITMENT for one in dialogue.contexts.values()):
        return False
    parties = dialogue.parties
    device = dialogue.services.devices.device(parties.calling, tenant=parties.admission.tenant)
    return device is not None and (device.host is None or device.port is None)


def report_while_silent(dialogue: Dialogue) -> None:
    """Give the peer what was decided, until it says something or has been silent too long."""
    looks = int(dialogue.settings.idle_timeout_s / _LOOK_EVERY_S)
    for _ in range(looks):
        if dialogue.channel.readable(within_s=_LOOK_EVERY_S):
            return
        _report_decided(dialogue)


def reported(dialogue: Dialogue, response: Command) -> None:
    """Take the answer to a report that was given here."""
    message_id = response.number(Element.MESSAGE_ID_RESPONDED_TO)
    key = dialogue.reports.pop(message_id, None)
    if key is None:
        raise Malformed("an answer to a report that was not given")
    if response.status != Status.SUCCESS:
        log.warning("%s: the report was answered %04XH", dialogue.parties, response.status)
        return
    dialogue.services.commitments.tell(key, now=dialogue.services.clock())


def _report_decided(dialogue: Dialogue) -> None:
    parties = dialogue.parties
    if dialogue.reports:
        return  # one at a time: no window was negotiated
    try:
        due = dialogue.services.commitments.untold(
            parties.calling, tenant=parties.admission.tenant
        )
    except ArchipelError as failure:
        log.warning("%s: no report can be given now: %s", parties, failure)
        return
    context_id, context = next(
        (number, one)
        for number, one in dialogue.contexts.items()
        if one.abstract_syntax == STORAGE_COMMITMENT
    )
    for one in due[:1]:
        event_type, information = content.report(one, context.transfer_syntax)
        dialogue.reports_given += 1
        message_id = (dialogue.reports_given - 1) % _LAST_MESSAGE_ID + 1
        dialogue.reports[message_id] = one.key
        command = event_report(
            message_id, STORAGE_COMMITMENT, STORAGE_COMMITMENT_INSTANCE, event_type
        )
        dialogue.channel.send_message(context_id, command, [information])


def _asked(dialogue: Dialogue, told: content.Told) -> Commitment:
    asked = dialogue.services.commitments.commitment(_key(dialogue, Asker.US, told.transaction))
    if asked is None:
        raise NotFound(f"{dialogue.parties.calling} was not asked for {told.transaction}")
    return asked


def _key(dialogue: Dialogue, asker: Asker, transaction: Uid) -> CommitmentKey:
    parties = dialogue.parties
    return CommitmentKey(
        tenant=parties.admission.tenant,
        asker=asker,
        peer=parties.calling,
        transaction=transaction,
    )


def _check(sop_instance: str) -> None:
    if sop_instance != STORAGE_COMMITMENT_INSTANCE:
        raise NotFound(f"storage commitment is asked of {STORAGE_COMMITMENT_INSTANCE}")


def _check_type(number: int, known: set[int]) -> None:
    if number not in known:
        raise NoSuchType(f"storage commitment has no action or event of type {number}")

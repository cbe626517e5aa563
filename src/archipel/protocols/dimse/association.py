"""One association as provider, from its A-ASSOCIATE-RQ to its end (PS3.8 section 9.2).

Fails closed: whatever goes wrong before the policy has said yes is a rejection.
"""

import logging
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from archipel.access.errors import CalledUnknown
from archipel.access.policy import admit
from archipel.kernel.aetitle import AETitle
from archipel.kernel.errors import ArchipelError, Malformed, Refused
from archipel.protocols.dimse import negotiation
from archipel.protocols.dimse.channel import Channel
from archipel.protocols.dimse.commitment import served as commitment
from archipel.protocols.dimse.dialogue import Dialogue, Parties
from archipel.protocols.dimse.errors import AssociationLost, ProtocolViolated
from archipel.protocols.dimse.find_scp import find
from archipel.protocols.dimse.get_scp import get
from archipel.protocols.dimse.move_scp import move
from archipel.protocols.dimse.negotiation import Context
from archipel.protocols.dimse.services import Services
from archipel.protocols.dimse.settings import DimseSettings
from archipel.protocols.dimse.status import Status
from archipel.protocols.dimse.store_scp import store
from archipel.protocols.dimse.worklist.scp import worklist
from archipel.standards.dicom import pdu
from archipel.standards.dicom import service_classes as sop
from archipel.standards.dicom.association import Event
from archipel.standards.dicom.command import RESPONSE, Command, CommandField
from archipel.standards.dicom.pdu import AbortReason, RejectReason, RejectResult

log = logging.getLogger(__name__)

Service = Callable[[Dialogue, int, Context, Command], None]


def query(dialogue: Dialogue, context_id: int, context: Context, request: Command) -> None:
    """Serve a C-FIND-RQ: of the worklist, or of the archive."""
    of_worklist = context.abstract_syntax in sop.WORKLIST
    (worklist if of_worklist else find)(dialogue, context_id, context, request)


SERVICES: Mapping[int, tuple[Callable[[str], bool], Service]] = MappingProxyType(
    {  # beside C-ECHO: what each request is served by, in contexts of which abstract syntaxes
        CommandField.C_STORE_RQ: (sop.is_storage, store),
        CommandField.C_FIND_RQ: ((sop.FIND | sop.WORKLIST).__contains__, query),
        CommandField.C_MOVE_RQ: (sop.MOVE.__contains__, move),
        CommandField.C_GET_RQ: (sop.GET.__contains__, get),
        CommandField.N_ACTION_RQ: (sop.COMMITMENT.__contains__, commitment.take),
        CommandField.N_EVENT_REPORT_RQ: (sop.COMMITMENT.__contains__, commitment.hear),
    }
)


def serve(
    sock: socket.socket,
    request: bytes,
    *,
    host: str,
    services: Services,
    settings: DimseSettings,
    certificate: str | None = None,
) -> None:
    """Live one association on `sock`; `request` is the body of the A-ASSOCIATE-RQ read before.

    `certificate` is the fingerprint of what the peer has shown over TLS; None: it is in clear.
    """
    channel = Channel(sock, requestor=False, settings=settings)
    dialogue: Dialogue | None = None
    try:
        channel.say(Event.TRANSPORT_INDICATED)
        caller = Caller(host, certificate)
        dialogue = _open(channel, request, caller, services, settings)
        if dialogue is not None:
            _converse(dialogue)
            _close(dialogue)
        channel.linger()
    except (AssociationLost, ProtocolViolated) as error:
        log.info("%s: %s", dialogue.parties if dialogue else host, error)
        channel.linger()
    except Exception:
        log.exception("%s: a fault of this node", dialogue.parties if dialogue else host)
        channel.abort(AbortReason.UNSPECIFIED)
        channel.linger()
    finally:
        if dialogue is not None:
            dialogue.drop_slot()
        channel.close()


@dataclass(frozen=True, slots=True)
class Caller:
    """Whence a request comes, and under which certificate."""

    host: str
    certificate: str | None


def _open(
    channel: Channel, request: bytes, caller: Caller, services: Services, settings: DimseSettings
) -> Dialogue | None:
    """Negotiate; None when the association was rejected."""
    try:
        asked = pdu.associate_rq(request)
        negotiation.check(asked)
    except Malformed as error:
        raise channel.violated(AbortReason.INVALID_PARAMETER, str(error)) from error
    if not asked.protocol_version & 1:
        channel.reject_at_once(
            pdu.AssociateRj(RejectResult.PERMANENT, RejectReason.PROTOCOL_VERSION)
        )
        return None
    channel.say(Event.PDU_ASSOCIATE_RQ)
    rejection, parties = _admit(asked, caller, services)
    if parties is None:
        channel.say(Event.REJECT_RESPONSE, rejection)
        return None
    answer, contexts = negotiation.answer(asked, settings)
    channel.peer_max_pdu_bytes = asked.user.max_pdu_bytes
    channel.say(Event.ACCEPT_RESPONSE, answer)
    log.info("%s: association accepted, %d contexts", parties, len(contexts))
    return Dialogue(channel, parties, contexts, services, settings)


def _admit(
    asked: pdu.AssociateRq, caller: Caller, services: Services
) -> tuple[pdu.AssociateRj | None, Parties | None]:
    """Return the rejection, or the parties of an association that may be."""
    reason, host = RejectReason.APPLICATION_CONTEXT, caller.host
    try:
        if asked.application_context != pdu.APPLICATION_CONTEXT:
            return _permanently(reason), None
        reason = RejectReason.CALLED_AE_TITLE
        called = AETitle.parse(asked.called)
        reason = RejectReason.CALLING_AE_TITLE
        calling = AETitle.parse(asked.calling)
        admission = admit(
            calling,
            called,
            host=host,
            certificate=caller.certificate,
            devices=services.devices,
            now=services.clock(),
        )
    except CalledUnknown as error:
        log.warning("%s: %s", host, error)
        return _permanently(RejectReason.CALLED_AE_TITLE), None
    except (Refused, Malformed) as error:
        log.warning("%s: %s", host, error)
        return _permanently(reason), None
    except Exception as error:  # fails closed: no answer of the policy is a no
        level = logging.WARNING if isinstance(error, ArchipelError) else logging.ERROR
        log.log(level, "%s: nobody can be admitted now: %s", host, error, exc_info=error)
        congestion = RejectReason.TEMPORARY_CONGESTION
        return pdu.AssociateRj(RejectResult.TRANSIENT, congestion), None
    return None, Parties(calling=calling, called=called, host=host, admission=admission)


def _permanently(reason: RejectReason) -> pdu.AssociateRj:
    return pdu.AssociateRj(RejectResult.PERMANENT, reason)


def _converse(dialogue: Dialogue) -> None:
    """Serve requests until the peer asks for release."""
    channel, contexts = dialogue.channel, dialogue.contexts
    reports = commitment.expects_reports(dialogue)
    while (received := _next(dialogue, reports=reports)) is not None:
        context_id, request = received
        context = contexts.get(context_id)
        if context is None:
            raise channel.violated(
                AbortReason.INVALID_PARAMETER,
                f"presentation context {context_id} was not accepted",
            )
        try:
            field, has_dataset = request.field, request.has_dataset
            if field == CommandField.N_EVENT_REPORT_RQ | RESPONSE:
                commitment.reported(dialogue, request)
                continue
            if field != CommandField.C_CANCEL_RQ:
                request.message_id  # noqa: B018  (every answer needs it)
        except Malformed as error:
            raise channel.violated(AbortReason.INVALID_PARAMETER, str(error)) from error
        if field == CommandField.C_ECHO_RQ and not has_dataset:
            dialogue.respond(context_id, request, Status.SUCCESS)
        elif service := _service(field, context):
            service(dialogue, context_id, context, request)
        elif field != CommandField.C_CANCEL_RQ:  # a cancel may cross our last answer
            _unrecognized(dialogue, context_id, request)


def _next(dialogue: Dialogue, *, reports: bool) -> tuple[int, Command] | None:
    """Wait for the next command; None when the peer asks for release."""
    if reports:
        commitment.report_while_silent(dialogue)
    return dialogue.channel.receive_command(idle_s=dialogue.settings.idle_timeout_s)


def _service(field: int, context: Context) -> Service | None:
    """Return what serves this request in a context of this abstract syntax."""
    serves, service = SERVICES.get(field, (None, None))
    return service if serves is not None and serves(context.abstract_syntax) else None


def _unrecognized(dialogue: Dialogue, context_id: int, request: Command) -> None:
    if request.has_dataset:
        limit = dialogue.settings.max_dataset_bytes
        dialogue.channel.skip_dataset(context_id, max_bytes=limit)
    dialogue.respond(
        context_id, request, Status.UNRECOGNIZED_OPERATION, comment="not in this context"
    )


def _close(dialogue: Dialogue) -> None:
    """Answer the release when what was stored can be found, or after a short wait."""
    if not dialogue.fence():
        log.info("%s: released before the index had caught up", dialogue.parties)
    dialogue.channel.say(Event.RELEASE_RESPONSE, pdu.ReleaseRp())

"""C-MOVE as provider (PS3.4 section C.4.2): to a registered device, and nowhere else."""

import contextlib
import logging
from functools import partial

from archipel.access.model import Action, Service
from archipel.kernel.aetitle import AETitle
from archipel.kernel.errors import ArchipelError, Malformed, NotFound
from archipel.protocols.dimse import identifiers
from archipel.protocols.dimse.dialogue import Dialogue
from archipel.protocols.dimse.errors import AssociationLost, ProtocolViolated
from archipel.protocols.dimse.negotiation import Context
from archipel.protocols.dimse.outgoing import Originator, Outgoing, batches, outgoing
from archipel.protocols.dimse.retrieval import Progress, Retrieval, attempt, select, subjects
from archipel.protocols.dimse.status import MOVE, Status
from archipel.protocols.dimse.store_scu import sender
from archipel.protocols.dimse.user import Peer, Proposal
from archipel.standards.dicom.command import Command, Element

log = logging.getLogger(__name__)


def move(dialogue: Dialogue, context_id: int, context: Context, request: Command) -> None:
    """Serve one C-MOVE-RQ."""
    try:
        raw = dialogue.identifier(context_id, request)
        dialogue.demand(Service.MOVE)
        asked = identifiers.read(
            raw,
            abstract_syntax=context.abstract_syntax,
            transfer_syntax=context.transfer_syntax,
        )
        peer = _destination(dialogue, request.text(Element.MOVE_DESTINATION))
        held = select(dialogue, asked)
        detail = f"{len(held)} instances to {peer.called}"
        dialogue.record(Action.SEND, subjects(held), detail)
    except (AssociationLost, ProtocolViolated):
        raise
    except Exception as failure:  # noqa: BLE001  (whatever it is, the peer gets an answer)
        dialogue.refuse(context_id, request, failure, MOVE)
        return
    retrieval = Retrieval(
        dialogue=dialogue,
        context_id=context_id,
        context=context,
        request=request,
        progress=Progress(len(held)),
    )
    contents = dialogue.services.contents
    for proposals, instances in batches([outgoing(each, contents) for each in held]):
        if not _send(retrieval, peer, instances, proposals):
            retrieval.cancelled()
            return
    retrieval.finished()


def _destination(dialogue: Dialogue, title: str) -> Peer:
    try:
        destination = AETitle.parse(title)
    except Malformed as error:
        raise NotFound(f"the move destination {error}") from error
    tenant = dialogue.admission.tenant
    device = dialogue.services.devices.device(destination, tenant=tenant)
    if device is None or device.host is None or device.port is None:
        raise NotFound(f"{destination} is no device of {tenant} with an address: register it")
    return Peer(
        host=device.host,
        port=device.port,
        called=destination,
        calling=dialogue.parties.called,
        settings=dialogue.settings,
    )


def _send(
    retrieval: Retrieval, peer: Peer, instances: list[Outgoing], proposals: list[Proposal]
) -> bool:
    """Send one batch over one association; False when the retrieval was cancelled amid it."""
    dialogue, request = retrieval.dialogue, retrieval.request
    originator = Originator(dialogue.parties.calling, request.message_id)
    with contextlib.ExitStack() as stack:
        opening = sender(peer, proposals, transcoder=dialogue.services.transcoder)
        try:
            to_peer = stack.enter_context(opening)
        except ArchipelError as failure:
            log.warning("%s: %s: %s", dialogue.parties, peer, failure)
            for instance in instances:
                retrieval.progress.count(instance.sop_instance, Status.PROCESSING_FAILURE)
            return True
        for instance in instances:
            if dialogue.cancelled(request.message_id):
                return False
            send = partial(to_peer.store, instance, originator=originator)
            attempt(retrieval, instance.sop_instance, send)
            retrieval.pending()
    return True

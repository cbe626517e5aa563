"""C-MOVE as provider (PS3.4 section C.4.2): to a registered device, and nowhere else."""

import contextlib
import logging
from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager
from functools import partial

from archipel.access.model import Action, Device, Duty, Service
from archipel.archive.commitment import Asker, Commitment, CommitmentKey, Reference
from archipel.archive.model import Held
from archipel.kernel.aetitle import AETitle
from archipel.kernel.errors import ArchipelError, Malformed, NotFound
from archipel.kernel.uid import Uid
from archipel.protocols.dimse import identifiers
from archipel.protocols.dimse.dialogue import Dialogue
from archipel.protocols.dimse.errors import AssociationLost, ProtocolViolated
from archipel.protocols.dimse.negotiation import Context
from archipel.protocols.dimse.outgoing import Originator, Outgoing, batches, outgoing
from archipel.protocols.dimse.retrieval import Progress, Retrieval, attempt, select, subjects
from archipel.protocols.dimse.status import MOVE, Status
from archipel.protocols.dimse.store_scu import Sender, sender
from archipel.protocols.dimse.user import Peer, peer_at
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
        device = _destination(dialogue, request.text(Element.MOVE_DESTINATION))
        peer = _peer(dialogue, device)
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
        opening = sender(
            peer,
            proposals,
            transcoder=dialogue.services.transcoder,
            compressed=Duty.COMPRESS in device.duties,
        )
        if not _send(retrieval, opening, instances):
            retrieval.cancelled()
            return
    retrieval.finished()
    if Duty.COMMIT in device.duties:
        _have_committed(dialogue, device, held, retrieval.progress.failed)


def _destination(dialogue: Dialogue, title: str) -> Device:
    try:
        destination = AETitle.parse(title)
    except Malformed as error:
        raise NotFound(f"the move destination {error}") from error
    tenant = dialogue.admission.tenant
    device = dialogue.services.devices.device(destination, tenant=tenant)
    if device is None or device.host is None or device.port is None:
        raise NotFound(f"{destination} is no device of {tenant} with an address: register it")
    return device


def _peer(dialogue: Dialogue, device: Device) -> Peer:
    called = dialogue.parties.called
    return peer_at(device, calling=called, settings=dialogue.settings)


def _have_committed(
    dialogue: Dialogue, device: Device, held: Sequence[Held], failed: Collection[Uid]
) -> None:
    """Have the destination answer for what it was sent (PS3.4 Annex J): asked by durable work."""
    unsent = set(failed)
    sent = [one for one in held if one.key.sop_instance not in unsent]
    if not sent:
        return
    asked = Commitment(
        key=CommitmentKey(
            tenant=device.tenant, asker=Asker.US, peer=device.ae_title, transaction=Uid.fresh()
        ),
        own=dialogue.parties.called,
        references=tuple(Reference(one.sop_class, one.key.sop_instance) for one in sent),
        asked_at=dialogue.services.clock(),
        failed={},
    )
    try:
        dialogue.services.commitments.ask(asked)
    except ArchipelError as failure:  # the move itself is done and answered
        log.warning("%s: %s is not asked to commit: %s", dialogue.parties, device, failure)


def _send(
    retrieval: Retrieval, opening: AbstractContextManager[Sender], instances: list[Outgoing]
) -> bool:
    """Send one batch over one association; False when the retrieval was cancelled amid it."""
    dialogue, request = retrieval.dialogue, retrieval.request
    originator = Originator(
        dialogue.parties.calling, request.message_id, request.count(Element.PRIORITY)
    )
    with contextlib.ExitStack() as stack:
        try:
            to_peer = stack.enter_context(opening)
        except ArchipelError as failure:
            log.warning("%s: nothing of this part is sent: %s", dialogue.parties, failure)
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

"""C-GET as provider (PS3.4 section C.4.3): instances come back over the same association."""

from archipel.access.model import Action, Service
from archipel.protocols.dimse import identifiers
from archipel.protocols.dimse.dialogue import Dialogue
from archipel.protocols.dimse.errors import AssociationLost, ProtocolViolated
from archipel.protocols.dimse.negotiation import Context
from archipel.protocols.dimse.outgoing import Outgoing, Routes, outgoing, store_request
from archipel.protocols.dimse.retrieval import Progress, Retrieval, attempt, select, subjects
from archipel.protocols.dimse.status import GET
from archipel.standards.dicom.command import RESPONSE, Command, CommandField, Element

_LAST_MESSAGE_ID = 0xFFFF


def get(dialogue: Dialogue, context_id: int, context: Context, request: Command) -> None:
    """Serve one C-GET-RQ."""
    try:
        raw = dialogue.identifier(context_id, request)
        dialogue.demand(Service.GET)
        asked = identifiers.read(
            raw,
            abstract_syntax=context.abstract_syntax,
            transfer_syntax=context.transfer_syntax,
        )
        held = select(dialogue, asked)
        dialogue.record(Action.READ, subjects(held), f"{len(held)} instances by C-GET")
    except (AssociationLost, ProtocolViolated):
        raise
    except Exception as failure:  # noqa: BLE001  (whatever it is, the peer gets an answer)
        dialogue.refuse(context_id, request, failure, GET)
        return
    retrieval = Retrieval(
        dialogue=dialogue,
        context_id=context_id,
        context=context,
        request=request,
        progress=Progress(len(held)),
    )
    performer = _Performer(retrieval)
    for each in held:
        if performer.cancelled or dialogue.cancelled(request.message_id):
            retrieval.cancelled()
            return
        instance = outgoing(each, dialogue.services.contents)
        performer.perform(instance)
        retrieval.pending()
    retrieval.finished()


class _Performer:
    """Sends the sub-operations of one C-GET, and hears a C-CANCEL between their answers."""

    def __init__(self, retrieval: Retrieval) -> None:
        self._retrieval = retrieval
        self._dialogue = retrieval.dialogue
        receiving = {
            number: context
            for number, context in self._dialogue.contexts.items()
            if context.peer_may_receive
        }
        self._routes = Routes(receiving, self._dialogue.services.transcoder)
        self._message_id = retrieval.request.message_id
        self.cancelled = False

    def perform(self, instance: Outgoing) -> None:
        """Send one instance and count how it went. Raises `AssociationLost` only."""
        attempt(self._retrieval, instance.sop_instance, lambda: self._store(instance))

    def _store(self, instance: Outgoing) -> int:
        context_id, dataset = self._routes.prepare(instance)
        self._message_id = self._message_id % _LAST_MESSAGE_ID + 1
        channel = self._dialogue.channel
        channel.send_message(context_id, store_request(instance, self._message_id), dataset)
        while True:
            received = channel.receive_command()
            if received is None:
                raise AssociationLost("the peer released amid a C-GET")
            command = received[1]
            if command.field == CommandField.C_CANCEL_RQ:
                self.cancelled = True
            elif command.field == CommandField.C_STORE_RQ | RESPONSE:
                if command.number(Element.MESSAGE_ID_RESPONDED_TO) != self._message_id:
                    raise channel.violated_order()
                return command.status
            else:
                raise channel.violated_order()

"""C-FIND as provider (PS3.4 section C.4.1, PS3.7 section 9.1.2): the audit, then the answers."""

from collections.abc import Collection

from archipel.access.model import Action, Service
from archipel.kernel.errors import Exhausted
from archipel.protocols.dimse import identifiers
from archipel.protocols.dimse.dialogue import Dialogue
from archipel.protocols.dimse.errors import AssociationLost, ProtocolViolated
from archipel.protocols.dimse.negotiation import Context
from archipel.protocols.dimse.status import FIND, Status
from archipel.standards.dicom.command import Command


def find(dialogue: Dialogue, context_id: int, context: Context, request: Command) -> None:
    """Serve one C-FIND-RQ, until its last answer or its cancellation."""
    settings, services = dialogue.settings, dialogue.services
    try:
        raw = dialogue.identifier(context_id, request)
        dialogue.demand(Service.FIND)
        asked = identifiers.read(
            raw,
            abstract_syntax=context.abstract_syntax,
            transfer_syntax=context.transfer_syntax,
        )
        query = asked.query(limit=settings.max_matches + 1)
        dialogue.record(Action.QUERY, [asked.level.name], _keys(query.matching.keys()))
        matches = services.catalogue.find(asked.level, query, scope=dialogue.admission.scope)
        for match in matches[: settings.max_matches]:
            if dialogue.cancelled(request.message_id):
                dialogue.respond(context_id, request, Status.CANCEL)
                return
            answer = identifiers.answer(asked, match, retrieve_ae=dialogue.parties.called.value)
            dialogue.respond(context_id, request, Status.PENDING, dataset=[answer])
        _check_complete(len(matches), settings.max_matches)
    except (AssociationLost, ProtocolViolated):
        raise
    except Exception as failure:  # noqa: BLE001  (whatever it is, the peer gets an answer)
        dialogue.refuse(context_id, request, failure, FIND)
        return
    dialogue.respond(context_id, request, Status.SUCCESS)


def _check_complete(matches: int, most: int) -> None:
    if matches > most:
        raise Exhausted(f"more than {most} match: narrow the query")


def _keys(tags: Collection[int]) -> str:
    """Name the keys that were matched; their values are patient data and stay out."""
    return "by " + " ".join(f"{tag:08X}" for tag in sorted(tags)) if tags else "by no key"

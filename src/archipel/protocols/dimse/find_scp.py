"""C-FIND as provider (PS3.4 section C.4.1, PS3.7 section 9.1.2): the audit, then the answers.

Answers leave page by page as the catalogue reads them; memory does not grow with their number.
"""

from dataclasses import replace

from archipel.access.model import Action, Service
from archipel.archive.model import Match, Query
from archipel.kernel.errors import Exhausted
from archipel.protocols.dimse import identifiers
from archipel.protocols.dimse.dialogue import Dialogue
from archipel.protocols.dimse.errors import AssociationLost, ProtocolViolated
from archipel.protocols.dimse.identifiers import Asked
from archipel.protocols.dimse.negotiation import COMBINED_DATE_TIME, FUZZY_NAMES, Context
from archipel.protocols.dimse.status import FIND, Status
from archipel.standards.dicom.command import Command
from archipel.standards.dicom.matching import DateTimeRange


def find(dialogue: Dialogue, context_id: int, context: Context, request: Command) -> None:
    """Serve one C-FIND-RQ, until its last answer or its cancellation."""
    try:
        raw = dialogue.identifier(context_id, request)
        dialogue.demand(Service.FIND)
        asked = identifiers.read(
            raw,
            abstract_syntax=context.abstract_syntax,
            transfer_syntax=context.transfer_syntax,
        )
        dialogue.record(Action.QUERY, [asked.level.name], _keys(asked))
        status = _answer(dialogue, context_id, context, request, asked)
    except (AssociationLost, ProtocolViolated):
        raise
    except Exception as failure:  # noqa: BLE001  (whatever it is, the peer gets an answer)
        dialogue.refuse(context_id, request, failure, FIND)
        return
    dialogue.respond(context_id, request, status)


def _answer(
    dialogue: Dialogue, context_id: int, context: Context, request: Command, asked: Asked
) -> Status:
    """Give the answers as the catalogue finds them; return the final status.

    A C-CANCEL is heard before each answer and each page: what was not read yet is never read.
    """
    moments = asked.combined() if context.agrees(COMBINED_DATE_TIME) else []
    query = asked.query(limit=None, fuzzy=context.agrees(FUZZY_NAMES))
    if moments:
        query = _without_times(query, moments)
    pending = Status.PENDING_UNSUPPORTED_KEY if asked.unsupported() else Status.PENDING
    catalogue, given = dialogue.services.catalogue, 0
    for page in catalogue.answers(asked.level, query, scope=dialogue.admission.scope):
        if dialogue.cancelled(request.message_id):
            return Status.CANCEL
        for match in page:
            if not _within(match, moments):
                continue
            if dialogue.cancelled(request.message_id):
                return Status.CANCEL
            given += 1
            _check_bounded(given, dialogue.settings.max_matches)
            answer = identifiers.answer(asked, match, retrieve_ae=dialogue.parties.called.value)
            dialogue.respond(context_id, request, pending, dataset=[answer])
    return Status.SUCCESS


def _check_bounded(given: int, most: int) -> None:
    if given > most:
        raise Exhausted(f"more than {most} match: narrow the query")


def _without_times(query: Query, moments: list[tuple[int, int, DateTimeRange]]) -> Query:
    """Leave the times out: alone they would say another thing than with their dates."""
    times = {time for _, time, _ in moments}
    return replace(
        query, matching={tag: key for tag, key in query.matching.items() if tag not in times}
    )


def _within(match: Match, moments: list[tuple[int, int, DateTimeRange]]) -> bool:
    found = match.attributes
    return all(
        each.holds(found.get(date, ""), found.get(time, "")) for date, time, each in moments
    )


def _keys(asked: Asked) -> str:
    """Name the keys that were matched; their values are patient data and stay out."""
    tags = sorted(asked.query(limit=1).matching)
    return "by " + " ".join(f"{tag:08X}" for tag in tags) if tags else "by no key"

"""What C-MOVE and C-GET share (PS3.4 section C.4.2, C.4.3): selection, counts, final status."""

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import product

from archipel.archive.model import Held
from archipel.kernel.errors import Malformed
from archipel.kernel.hierarchy import Level
from archipel.kernel.uid import Uid
from archipel.protocols.dimse import identifiers
from archipel.protocols.dimse.dialogue import Dialogue
from archipel.protocols.dimse.errors import AssociationLost, ProtocolViolated
from archipel.protocols.dimse.identifiers import Asked
from archipel.protocols.dimse.negotiation import Context
from archipel.protocols.dimse.status import Status, is_warning
from archipel.standards.dicom.attributes import UNIQUE_KEY
from archipel.standards.dicom.command import Command, Element

log = logging.getLogger(__name__)

_MOST = 0xFFFF  # the counts have 16 bits
_MAX_FAILED_LISTED = 2000  # 64 characters each: the list stays under the identifier limit


@dataclass(slots=True)
class Progress:
    """Sub-operations of one request."""

    remaining: int
    completed: int = 0
    warning: int = 0
    failed: list[Uid] = field(default_factory=list)

    def count(self, instance: Uid, status: int) -> None:
        """Count one sub-operation by its status."""
        self.remaining -= 1
        if status == Status.SUCCESS:
            self.completed += 1
        elif is_warning(status):
            self.warning += 1
        else:
            self.failed.append(instance)

    def final_status(self) -> Status:
        """Return the status when nothing remains (PS3.4 table C.4-2)."""
        if not self.failed and not self.warning:
            return Status.SUCCESS
        if self.completed or self.warning:
            return Status.SUB_OPERATIONS_WARNING
        return Status.CANNOT_PERFORM_SUB_OPERATIONS

    def counts(self, *, remaining: bool) -> dict[int, int]:
        """Return the elements that tell how far it is."""
        counts = {
            Element.COMPLETED: min(self.completed, _MOST),
            Element.FAILED: min(len(self.failed), _MOST),
            Element.WARNING: min(self.warning, _MOST),
        }
        if remaining:
            counts[Element.REMAINING] = min(self.remaining, _MOST)
        return {int(element): number for element, number in counts.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrieval:
    """One C-MOVE or C-GET under way."""

    dialogue: Dialogue
    context_id: int
    context: Context
    request: Command
    progress: Progress

    def pending(self) -> None:
        """Tell how far it is, while anything remains: dcmtk takes "0 remaining" for the end."""
        if self.progress.remaining:
            self._answer(Status.PENDING, remaining=True)

    def cancelled(self) -> None:
        """Answer a C-CANCEL: what remains is not done."""
        self._answer(Status.CANCEL, remaining=True)

    def finished(self) -> None:
        """Give the final answer."""
        self._answer(self.progress.final_status(), remaining=False)

    def _answer(self, status: Status, *, remaining: bool) -> None:
        failed = self.progress.failed if status is not Status.PENDING else []
        answer = self.request.response(status, dataset=bool(failed))
        answer.values |= self.progress.counts(remaining=remaining)
        dataset = None
        if failed:
            listed = failed[:_MAX_FAILED_LISTED]
            dataset = [identifiers.failed_list(listed, self.context.transfer_syntax)]
        self.dialogue.channel.send_message(self.context_id, answer, dataset)


def select(dialogue: Dialogue, asked: Asked) -> list[Held]:
    """Return everything below the unique keys of an identifier. Raises `Malformed`."""
    catalogue, scope = dialogue.services.catalogue, dialogue.admission.scope
    if asked.level is Level.PATIENT:
        patient_id = asked.keys.text(UNIQUE_KEY[Level.PATIENT])
        if not patient_id or any(sign in patient_id for sign in "*?\\"):
            raise Malformed("(0010,0020) must name one patient")
        return list(catalogue.instances(scope=scope, patient_id=patient_id))
    studies = asked.unique(Level.STUDY)
    series = asked.unique(Level.SERIES) if asked.level >= Level.SERIES else []
    images = asked.unique(Level.IMAGE) if asked.level is Level.IMAGE else []
    lowest = {Level.STUDY: studies, Level.SERIES: series, Level.IMAGE: images}[asked.level]
    if not lowest:
        tag = UNIQUE_KEY[asked.level]
        raise Malformed(f"({tag >> 16:04X},{tag & 0xFFFF:04X}) must name what to retrieve")
    found: dict[Uid, Held] = {}
    anything: list[Uid | None] = [None]
    for study, one, image in product(studies or anything, series or anything, images or anything):
        held = catalogue.instances(scope=scope, study=study, series=one, sop_instance=image)
        found |= {each.key.sop_instance: each for each in held}
    return list(found.values())


def subjects(held: Sequence[Held]) -> Iterable[str]:
    """Name, for the audit, the studies that instances belong to."""
    return sorted({each.key.study.value for each in held})


def attempt(retrieval: Retrieval, instance: Uid, send: Callable[[], int]) -> None:
    """Do one sub-operation and count it; one that fails does not end the others.

    Raises `AssociationLost` when it is the association of the request that is gone.
    """
    try:
        status = send()
    except (AssociationLost, ProtocolViolated) as failure:
        if not retrieval.dialogue.channel.is_established:
            raise
        log.warning("%s: %s was not sent: %s", retrieval.dialogue.parties, instance, failure)
        status = Status.PROCESSING_FAILURE
    except Exception as failure:  # noqa: BLE001  (told to the peer in the list of failures)
        log.warning("%s: %s was not sent: %s", retrieval.dialogue.parties, instance, failure)
        status = Status.PROCESSING_FAILURE
    else:
        if status != Status.SUCCESS:
            parties = retrieval.dialogue.parties
            log.warning("%s: %s was answered %04XH", parties, instance, status)
    retrieval.progress.count(instance, status)

"""C-MOVE as user (PS3.4 section C.4.2): ask a peer to send what it holds to a third."""

from collections.abc import Mapping
from dataclasses import dataclass

from archipel.kernel.aetitle import AETitle
from archipel.kernel.hierarchy import Level
from archipel.protocols.dimse.identifiers import QUERY_RETRIEVE_LEVEL
from archipel.protocols.dimse.status import is_pending
from archipel.protocols.dimse.user import Peer, Proposal, associate
from archipel.standards.dicom import dataset as datasets
from archipel.standards.dicom.command import CommandField, Element, request
from archipel.standards.dicom.dataset import DataSet
from archipel.standards.dicom.service_classes import PATIENT_ROOT_MOVE, STUDY_ROOT_MOVE
from archipel.standards.dicom.transfer_syntax import (
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """The final answer: status and numbers of sub-operations."""

    status: int
    completed: int
    failed: int
    warning: int
    comment: str


def move(peer: Peer, level: Level, keys: Mapping[int, str], *, destination: AETitle) -> Moved:
    """Have everything below the named unique keys sent to `destination`; wait for the end.

    Raises as `user.associate`; a status of failure is returned, not raised.
    """
    model = PATIENT_ROOT_MOVE if level is Level.PATIENT else STUDY_ROOT_MOVE
    syntaxes = (EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN)
    with associate(peer, [Proposal(model, syntaxes)]) as association:
        context_id, context = association.context(model)
        message_id = association.next_message_id()
        asked = DataSet.from_texts({**keys, QUERY_RETRIEVE_LEVEL: level.name})
        command = request(CommandField.C_MOVE_RQ, message_id, model, dataset=True)
        command.values[Element.MOVE_DESTINATION] = destination.value
        association.send(context_id, command, [datasets.write(asked, context.transfer_syntax)])
        answer, _ = association.response(message_id)
        while is_pending(answer.status):
            answer, _ = association.response(message_id)
    return Moved(
        status=answer.status,
        completed=answer.count(Element.COMPLETED),
        failed=answer.count(Element.FAILED),
        warning=answer.count(Element.WARNING),
        comment=answer.text(Element.ERROR_COMMENT),
    )

"""C-FIND as user (PS3.4 section C.4.1)."""

from collections.abc import Iterator, Mapping

from archipel.kernel.hierarchy import Level
from archipel.protocols.dimse.errors import OperationFailed
from archipel.protocols.dimse.identifiers import QUERY_RETRIEVE_LEVEL
from archipel.protocols.dimse.status import is_pending
from archipel.protocols.dimse.user import Peer, Proposal, associate
from archipel.standards.dicom import dataset as datasets
from archipel.standards.dicom.command import CommandField, Element, request
from archipel.standards.dicom.dataset import DataSet
from archipel.standards.dicom.service_classes import PATIENT_ROOT_FIND, STUDY_ROOT_FIND
from archipel.standards.dicom.transfer_syntax import (
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
)

SYNTAXES = (EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN)


def find(peer: Peer, level: Level, keys: Mapping[int, str]) -> Iterator[DataSet]:
    """Yield the answers of a query: by patient root at patient level, else by study root.

    `keys` are texts by tag; an empty one asks for the value. The association ends with the
    iteration. Raises `OperationFailed` and as `user.associate`.
    """
    model = PATIENT_ROOT_FIND if level is Level.PATIENT else STUDY_ROOT_FIND
    with associate(peer, [Proposal(model, SYNTAXES)]) as association:
        context_id, context = association.context(model)
        message_id = association.next_message_id()
        asked = DataSet.from_texts({**keys, QUERY_RETRIEVE_LEVEL: level.name})
        identifier = datasets.write(asked, context.transfer_syntax)
        command = request(CommandField.C_FIND_RQ, message_id, model, dataset=True)
        association.send(context_id, command, [identifier])
        while True:
            answer, found = association.response(message_id)
            if not is_pending(answer.status):
                break
            if found is not None:
                yield datasets.read(found, context.transfer_syntax)
    if answer.status:
        comment = answer.text(Element.ERROR_COMMENT)
        raise OperationFailed(f"C-FIND at {peer}", answer.status, comment)

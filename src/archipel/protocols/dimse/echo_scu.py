"""C-ECHO as user (PS3.4 Annex A): whether the peer is there and knows us."""

from archipel.protocols.dimse.errors import OperationFailed
from archipel.protocols.dimse.user import Peer, Proposal, associate
from archipel.standards.dicom.command import CommandField, Element, request
from archipel.standards.dicom.service_classes import VERIFICATION
from archipel.standards.dicom.transfer_syntax import (
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
)


def echo(peer: Peer) -> None:
    """Verify the peer. Raises `OperationFailed` and as `user.associate`."""
    syntaxes = (EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN)
    with associate(peer, [Proposal(VERIFICATION, syntaxes)]) as association:
        context_id, _ = association.context(VERIFICATION)
        message_id = association.next_message_id()
        command = request(CommandField.C_ECHO_RQ, message_id, VERIFICATION, dataset=False)
        association.send(context_id, command)
        answer, _ = association.response(message_id)
    if answer.status:
        raise OperationFailed(
            f"C-ECHO to {peer}", answer.status, answer.text(Element.ERROR_COMMENT)
        )

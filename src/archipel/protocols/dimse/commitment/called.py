"""Storage commitment over associations that we open (PS3.4 sections J.3.2, J.3.3).

As user: ask a peer to keep what it was sent. As provider: report to who asked, in the SCP role
that the requestor of an association must negotiate (PS3.7 section D.3.3.4).
"""

from archipel.archive.commitment import Commitment
from archipel.kernel.errors import Malformed
from archipel.protocols.dimse.commitment import content
from archipel.protocols.dimse.errors import OperationFailed
from archipel.protocols.dimse.negotiation import Context
from archipel.protocols.dimse.status import Status
from archipel.protocols.dimse.user import Peer, Proposal, UserAssociation, associate
from archipel.standards.dicom.command import (
    CommandField,
    Element,
    action,
    event_report,
)
from archipel.standards.dicom.service_classes import (
    STORAGE_COMMITMENT,
    STORAGE_COMMITMENT_INSTANCE,
)
from archipel.standards.dicom.transfer_syntax import (
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
)

SYNTAXES = (EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN)


def ask(peer: Peer, asked: Commitment, *, patience_s: float) -> content.Told | None:
    """Have a peer take over the safekeeping; return its report if it comes at once.

    A peer may report on the same association, for which `patience_s` are waited, or later on one
    of its own. Raises `OperationFailed` and as `user.associate`.
    """
    with associate(peer, [Proposal(STORAGE_COMMITMENT, SYNTAXES)]) as association:
        context_id, context = association.context(STORAGE_COMMITMENT)
        message_id = association.next_message_id()
        command = action(
            message_id,
            STORAGE_COMMITMENT,
            STORAGE_COMMITMENT_INSTANCE,
            content.REQUEST_COMMITMENT,
        )
        information = content.request(asked, context.transfer_syntax)
        association.send(context_id, command, [information])
        answer, _ = association.response(message_id)
        _expect_success("N-ACTION", peer, answer.status, answer.text(Element.ERROR_COMMENT))
        if not association.channel.readable(within_s=patience_s):
            return None
        return _report_on(association, context, asked)


def report(peer: Peer, decided: Commitment) -> None:
    """Tell a peer what was decided. Raises `OperationFailed` and as `user.associate`."""
    proposal = Proposal(STORAGE_COMMITMENT, SYNTAXES, provide=True)
    with associate(peer, [proposal]) as association:
        context_id, context = association.context(STORAGE_COMMITMENT)
        event_type, information = content.report(decided, context.transfer_syntax)
        message_id = association.next_message_id()
        command = event_report(
            message_id, STORAGE_COMMITMENT, STORAGE_COMMITMENT_INSTANCE, event_type
        )
        association.send(context_id, command, [information])
        answer, _ = association.response(message_id)
        _expect_success("N-EVENT-REPORT", peer, answer.status, answer.text(Element.ERROR_COMMENT))


def _report_on(association: UserAssociation, context: Context, asked: Commitment) -> content.Told:
    context_id, command = association.receive()
    if command.field != CommandField.N_EVENT_REPORT_RQ or not command.has_dataset:
        raise association.channel.violated_order()
    limit = association.peer.settings.max_action_bytes
    raw = association.channel.receive_whole(context_id, max_bytes=limit)
    told = content.read_report(raw, context.transfer_syntax)
    known = told.transaction == asked.key.transaction
    status = Status.SUCCESS if known else Status.NO_SUCH_INSTANCE
    association.send(context_id, command.response(status))
    if not known:
        raise Malformed(f"{association.peer} reported on {told.transaction}: it was not asked")
    return told


def _expect_success(what: str, peer: Peer, status: int, comment: str) -> None:
    if status != Status.SUCCESS:
        raise OperationFailed(f"{what} at {peer}", status, comment)

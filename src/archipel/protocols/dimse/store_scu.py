"""C-STORE as user (PS3.4 Annex B): for forwarders, simulators and C-MOVE sub-operations."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from archipel.protocols.dimse.outgoing import Originator, Outgoing, Routes, store_request
from archipel.protocols.dimse.services import Transcoder
from archipel.protocols.dimse.user import Peer, Proposal, UserAssociation, associate


class Sender:
    """Sends instances over one association."""

    def __init__(
        self, association: UserAssociation, transcoder: Transcoder | None, *, compressed: bool
    ) -> None:
        self.association = association
        self._routes = Routes(association.accepted, transcoder, compressed=compressed)

    def store(self, instance: Outgoing, *, originator: Originator | None = None) -> int:
        """Send one instance and return the peer's status (PS3.4 B.2.3).

        Raises `NotAccepted` when nothing negotiated can carry it, `AssociationLost`.
        """
        context_id, dataset = self._routes.prepare(instance)
        message_id = self.association.next_message_id()
        command = store_request(instance, message_id, originator)
        self.association.send(context_id, command, dataset)
        return self.association.response(message_id)[0].status


@contextmanager
def sender(
    peer: Peer,
    proposals: Sequence[Proposal],
    *,
    transcoder: Transcoder | None = None,
    compressed: bool = False,
) -> Iterator[Sender]:
    """Open an association for storage. `outgoing.batches` makes fitting proposals.

    `compressed` as in `outgoing.Routes`.

    Raises as `user.associate`.
    """
    with associate(peer, proposals) as association:
        yield Sender(association, transcoder, compressed=compressed)

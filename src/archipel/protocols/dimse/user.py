"""An association as its requestor, service class user (PS3.8 section 7, PS3.7 section 9.1).

    with associate(peer, [Proposal(VERIFICATION, (IMPLICIT_VR_LITTLE_ENDIAN,))]) as association:
        association.exchange(context_id, command)

Leaving the block releases the association; leaving it by an exception aborts it.
"""

import socket
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from archipel.access.model import Device
from archipel.kernel.aetitle import AETitle
from archipel.kernel.errors import Malformed, NotFound, Refused
from archipel.protocols.dimse.channel import Channel
from archipel.protocols.dimse.errors import (
    AssociationLost,
    AssociationRejected,
    NotAccepted,
    ProtocolViolated,
)
from archipel.protocols.dimse.fragments import Buffer
from archipel.protocols.dimse.negotiation import Context, own_information
from archipel.protocols.dimse.secure import context_of, secured
from archipel.protocols.dimse.settings import DimseSettings
from archipel.standards.dicom import pdu
from archipel.standards.dicom.association import Event, State
from archipel.standards.dicom.command import Command, Element
from archipel.standards.dicom.pdu import AbortReason, ContextResult
from archipel.standards.dicom.user_information import Role

MAX_CONTEXTS = 128  # odd ids 1 to 255 (PS3.8 table 9-13)
_MAX_ANSWER_BYTES = 1 << 20
_LAST_MESSAGE_ID = 0xFFFF


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """Whom to call, and as whom."""

    host: str
    port: int
    called: AETitle
    calling: AETitle
    settings: DimseSettings = field(default_factory=DimseSettings)
    certificate: str | None = None  # SHA-256 of the one it must show: then TLS

    def __str__(self) -> str:
        return f"{self.called} at {self.host}:{self.port}"


def peer_at(device: Device, *, calling: AETitle, settings: DimseSettings) -> Peer:
    """Say how to call a registered device. Raises `NotFound` when it has no address."""
    if device.host is None or device.port is None:
        raise NotFound(f"{device.ae_title} of {device.tenant} has no address: register it")
    return Peer(
        host=device.host,
        port=device.port,
        called=device.ae_title,
        calling=calling,
        settings=settings,
        certificate=device.certificate,
    )


@dataclass(frozen=True, slots=True)
class Proposal:
    """A presentation context to propose.

    `receive` takes the SCP role too, for C-GET; `provide` takes it alone, to give reports.
    """

    abstract_syntax: str
    transfer_syntaxes: tuple[str, ...]
    receive: bool = False
    provide: bool = False

    def role(self) -> Role | None:
        """Return the role to negotiate; None for the usual one."""
        if self.provide:
            return Role(self.abstract_syntax, scu=False, scp=True)
        return Role(self.abstract_syntax, scu=True, scp=True) if self.receive else None


class UserAssociation:
    """An established association. For one thread."""

    def __init__(self, channel: Channel, peer: Peer, accepted: dict[int, Context]) -> None:
        self.channel = channel
        self.peer = peer
        self.accepted = accepted
        self._message_id = 0

    def next_message_id(self) -> int:
        """Return an id that no request under way has."""
        self._message_id = self._message_id % _LAST_MESSAGE_ID + 1
        return self._message_id

    def context(self, abstract_syntax: str) -> tuple[int, Context]:
        """Return an accepted context of this abstract syntax. Raises `NotAccepted`."""
        for context_id, context in self.accepted.items():
            if context.abstract_syntax == abstract_syntax:
                return context_id, context
        raise NotAccepted(f"{self.peer} accepts no presentation context for {abstract_syntax}")

    def send(
        self, context_id: int, command: Command, dataset: Iterable[Buffer] | None = None
    ) -> None:
        """Send a request or response. Raises `AssociationLost`."""
        self.channel.send_message(context_id, command, dataset)

    def receive(self) -> tuple[int, Command]:
        """Return the next command; its data set, if any, is still to be read.

        Raises `AssociationLost`, `ProtocolViolated`.
        """
        received = self.channel.receive_command(idle_s=self.peer.settings.idle_timeout_s)
        if received is None:
            self.channel.say(Event.RELEASE_RESPONSE, pdu.ReleaseRp())
            raise AssociationLost(f"{self.peer} released before it had answered")
        return received

    def response(self, message_id: int) -> tuple[Command, bytes | None]:
        """Return the next response to this request, with its data set, small as it is."""
        context_id, command = self.receive()
        dataset = None
        if command.has_dataset:
            dataset = self.channel.receive_whole(context_id, max_bytes=_MAX_ANSWER_BYTES)
        if command.number(Element.MESSAGE_ID_RESPONDED_TO) != message_id:
            raise self.channel.violated(
                AbortReason.INVALID_PARAMETER, f"{self.peer} answered what it was not asked"
            )
        return command, dataset

    def release(self) -> None:
        """End in good order (AR-1 and what follows). Raises `AssociationLost`."""
        channel = self.channel
        if not channel.is_established:
            return
        channel.say(Event.RELEASE_REQUEST, pdu.ReleaseRq())
        while channel.machine.state is not State.IDLE:
            received = channel.receive_pdu()
            if isinstance(received, pdu.ReleaseRq):  # both at once: AR-8, AR-9
                channel.say(Event.RELEASE_RESPONSE, pdu.ReleaseRp())


@contextmanager
def associate(peer: Peer, proposals: Sequence[Proposal]) -> Iterator[UserAssociation]:
    """Open an association.

    Raises `AssociationLost` (nobody there, or gone), `AssociationRejected`, `NotAccepted` (not
    one context was accepted), `ProtocolViolated`.
    """
    channel = _connect(peer)
    try:
        association = _negotiate(channel, peer, proposals)
        yield association
        with suppress(AssociationLost, ProtocolViolated):  # all that mattered was answered
            association.release()
    except BaseException:
        channel.abort()
        raise
    finally:
        channel.close()


def _connect(peer: Peer) -> Channel:
    timeout_s = peer.settings.connect_timeout_s
    try:
        sock = socket.create_connection((peer.host, peer.port), timeout=timeout_s)
    except OSError as error:
        raise AssociationLost(f"{peer} does not answer: {error}") from error
    if peer.certificate is not None:
        sock = _secured(sock, peer)
    return Channel(sock, requestor=True, settings=peer.settings)


def _secured(sock: socket.socket, peer: Peer) -> socket.socket:
    files = peer.settings.tls
    if files is None:
        sock.close()
        raise Refused(f"{peer} is called over TLS only: set dicom.tls_certificate and its key")
    context = context_of(files, server=False)
    clear, fingerprint = secured(sock, context, timeout_s=peer.settings.connect_timeout_s)
    if fingerprint != peer.certificate:
        clear.close()
        raise Refused(f"{peer} shows another certificate than the one registered: nothing is sent")
    return clear


def _negotiate(channel: Channel, peer: Peer, proposals: Sequence[Proposal]) -> UserAssociation:
    if not 1 <= len(proposals) <= MAX_CONTEXTS:
        raise Malformed(f"an association proposes 1 to {MAX_CONTEXTS} contexts: {len(proposals)}")
    offered = {2 * number + 1: proposal for number, proposal in enumerate(proposals)}
    wanted = {role.sop_class: role for p in proposals if (role := p.role())}
    request = pdu.AssociateRq(
        called=peer.called.value,
        calling=peer.calling.value,
        contexts=tuple(
            pdu.ProposedContext(number, proposal.abstract_syntax, proposal.transfer_syntaxes)
            for number, proposal in offered.items()
        ),
        user=own_information(peer.settings.max_pdu_bytes, wanted.values()),
    )
    channel.say(Event.ASSOCIATE_REQUEST)
    channel.say(Event.TRANSPORT_CONFIRMED, request)
    answer = channel.receive_pdu()
    if isinstance(answer, pdu.AssociateRj):
        raise AssociationRejected(str(peer), result=answer.result, reason=answer.reason)
    if not isinstance(answer, pdu.AssociateAc):
        raise ProtocolViolated(f"{peer} answered A-ASSOCIATE-RQ by {type(answer).__name__}")
    channel.peer_max_pdu_bytes = answer.user.max_pdu_bytes
    roles = {role.sop_class for role in answer.user.roles if role.scp}
    accepted = {
        context.context_id: Context(
            offered[context.context_id].abstract_syntax,
            context.transfer_syntax,
            offered[context.context_id].abstract_syntax in roles,
        )
        for context in answer.contexts
        if context.result == ContextResult.ACCEPTANCE and context.context_id in offered
    }
    if not accepted:
        raise NotAccepted(f"{peer} accepts none of the {len(proposals)} presentation contexts")
    return UserAssociation(channel, peer, accepted)

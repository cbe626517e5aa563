"""One association's bytes: PDUs in and out of a blocking socket, driven by the state machine.

The receive path is what an archive does most, so it copies nothing: data set fragments are handed
on as views of the one receive buffer (PS3.8 section 9.3.5, PS3.7 section 6.3.1). Lengths are
checked before anything is read; memory does not grow with what the peer sends.
"""

import contextlib
import mmap
import select
import socket
import struct
import time
from collections.abc import Callable, Iterable

from archipel.kernel.errors import Malformed
from archipel.protocols.dimse.errors import AssociationLost, ProtocolViolated
from archipel.protocols.dimse.fragments import Buffer, fragments, send_all
from archipel.protocols.dimse.settings import DimseSettings
from archipel.standards.dicom import command as commands
from archipel.standards.dicom import pdu
from archipel.standards.dicom.association import Effect, Event, Machine, State
from archipel.standards.dicom.command import Command
from archipel.standards.dicom.pdu import AbortReason, PduType

Take = Callable[[list[memoryview]], None]
"""Receives pieces of a data set, in order. The views are good until it returns."""

_BUFFER_BYTES = 1 << 20
_HAND_ON_BYTES = 1 << 18  # pieces are handed on when they reach this size or the buffer's end
_LEAST_ROOM = 1 << 16  # never receive into less
_LINGER_BYTES = 1 << 23  # more than the buffers between the peer and us hold
_READ_ALONE = frozenset({PduType.RELEASE_RQ, PduType.RELEASE_RP, PduType.ABORT})
_PDU_EVENTS = {
    PduType.ASSOCIATE_RQ: Event.PDU_ASSOCIATE_RQ,
    PduType.ASSOCIATE_AC: Event.PDU_ASSOCIATE_AC,
    PduType.ASSOCIATE_RJ: Event.PDU_ASSOCIATE_RJ,
    PduType.DATA: Event.PDU_DATA,
    PduType.RELEASE_RQ: Event.PDU_RELEASE_RQ,
    PduType.RELEASE_RP: Event.PDU_RELEASE_RP,
    PduType.ABORT: Event.PDU_ABORT,
}
_SENT = frozenset(
    {
        Effect.SEND_ASSOCIATE_RQ,
        Effect.SEND_ASSOCIATE_AC,
        Effect.SEND_ASSOCIATE_RJ,
        Effect.SEND_RELEASE_RQ,
        Effect.SEND_RELEASE_RP,
        Effect.SEND_ABORT,
    }
)


class Channel:
    """A connected socket and the association on it. For one thread.

    Every receiving method raises `AssociationLost` when the peer aborts, goes or falls silent,
    and `ProtocolViolated`, after an A-ABORT, for what may not come.
    """

    def __init__(self, sock: socket.socket, *, requestor: bool, settings: DimseSettings) -> None:
        self.machine = Machine(requestor=requestor)
        self.peer_max_pdu_bytes = settings.max_pdu_bytes
        self._sock = sock
        self._settings = settings
        self._limits = pdu.limits(
            associate_bytes=settings.max_associate_bytes, data_bytes=settings.max_pdu_bytes
        )
        self._buffer = mmap.mmap(-1, _BUFFER_BYTES)  # no page is taken before it is written
        self._view = memoryview(self._buffer)
        self._lo = self._hi = 0  # received and not consumed yet
        self._pdu_left = 0  # bytes of the current P-DATA-TF not consumed yet
        self._views: list[memoryview] = []  # consumed, not handed on yet
        self._held = 0  # bytes in them
        self._take: Take = _forget
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._wait(settings.network_timeout_s)

    @property
    def is_established(self) -> bool:
        """Whether messages may be exchanged."""
        return self.machine.state is State.ESTABLISHED

    # --- receiving -------------------------------------------------------------------------

    def receive_command(self, *, idle_s: float | None = None) -> tuple[int, Command] | None:
        """Return the next command and its context id; None when the peer asks for release."""
        whole = bytearray()
        first = 0
        while True:
            header = self._next_value(idle_s=idle_s if not whole else None)
            if header is None:
                if whole:
                    raise self.violated(AbortReason.UNEXPECTED_PDU, "a release inside a command")
                return None
            context_id, control, length = header
            if not control & pdu.COMMAND:
                raise self.violated(AbortReason.UNEXPECTED_PDU, "a data set before its command")
            if len(whole) + length > commands.MAX_BYTES or (whole and context_id != first):
                raise self.violated(AbortReason.INVALID_PARAMETER, "a command without end")
            first = context_id
            self._fill(length)
            whole += self._view[self._lo : self._lo + length]
            self._lo += length
            if control & pdu.LAST:
                break
        try:
            return context_id, commands.decode(bytes(whole))
        except Malformed as error:
            raise self.violated(AbortReason.INVALID_PARAMETER, str(error)) from error

    def receive_dataset(self, context_id: int, take: Take, *, max_bytes: int) -> int:
        """Hand a whole data set to `take`, piece by piece; return its length.

        Beyond `max_bytes` the association is aborted.
        """
        self._take = take
        total = 0
        last = False
        try:
            while not last:
                header = self._next_value()
                if header is None:
                    raise self.violated(AbortReason.UNEXPECTED_PDU, "a release inside a data set")
                received_id, control, left = header
                if received_id != context_id or control & pdu.COMMAND:
                    raise self.violated(AbortReason.UNEXPECTED_PDU, "not the data set announced")
                total += left
                if total > max_bytes:
                    raise self.violated(
                        AbortReason.SERVICE_USER, f"a data set of more than {max_bytes} bytes"
                    )
                last = bool(control & pdu.LAST)
                self._fragment(left)
            self._hand_on()
        finally:
            self._take = _forget
            self._views.clear()
            self._held = 0
        return total

    def receive_whole(self, context_id: int, *, max_bytes: int) -> bytes:
        """Return a data set that is known to be small: an identifier."""
        whole = bytearray()

        def take(views: list[memoryview]) -> None:
            for view in views:
                whole.extend(view)

        self.receive_dataset(context_id, take, max_bytes=max_bytes)
        return bytes(whole)

    def skip_dataset(self, context_id: int, *, max_bytes: int) -> None:
        """Read a data set and forget it."""
        self.receive_dataset(context_id, _forget, max_bytes=max_bytes)

    def readable(self, *, within_s: float = 0.0) -> bool:
        """Tell whether something has come that was not read yet, waiting no longer than told."""
        if self._hi > self._lo:
            return True
        if within_s:
            waiting = select.poll()
            waiting.register(self._sock, select.POLLIN)
            if not waiting.poll(within_s * 1000):
                return False
        try:
            self._sock.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except OSError:
            return True  # the next read says what happened
        return True

    def _fragment(self, left: int) -> None:
        view = self._view
        while left:
            available = self._hi - self._lo
            if not available:
                self._receive()
                continue
            size = min(available, left)
            end = self._lo + size
            self._views.append(view[self._lo : end])
            self._lo = end
            left -= size
            self._held += size
            if self._held >= _HAND_ON_BYTES:
                self._hand_on()

    def _hand_on(self) -> None:
        if self._views:
            self._take(self._views)
            self._views = []
            self._held = 0

    def _next_value(self, *, idle_s: float | None = None) -> tuple[int, int, int] | None:
        """Return context id, control header and length of the next data value.

        None when A-RELEASE-RQ came instead.
        """
        while not self._pdu_left:
            kind, length = self._next_pdu(idle_s=idle_s)
            if kind == PduType.RELEASE_RQ:
                return None
            self._pdu_left = length
        self._fill(pdu.PDV_HEADER.size)
        length, context_id, control = pdu.PDV_HEADER.unpack_from(self._buffer, self._lo)
        if length < 2 or length + 4 > self._pdu_left:  # noqa: PLR2004  (the two bytes it counts)
            raise self.violated(
                AbortReason.INVALID_PARAMETER,
                f"a data value of {length} bytes in {self._pdu_left} bytes of its PDU",
            )
        self._lo += pdu.PDV_HEADER.size
        self._pdu_left -= length + 4
        return context_id, control, length - 2

    def _next_pdu(self, *, idle_s: float | None = None) -> tuple[int, int]:
        """Return type and length of the next PDU of an established association."""
        self._fill(pdu.HEADER.size, idle_s=idle_s)
        kind, _, length = pdu.HEADER.unpack_from(self._buffer, self._lo)
        longest = self._limits.get(kind)
        if longest is None or length > longest:
            raise self.violated(
                AbortReason.UNRECOGNIZED_PDU if longest is None else AbortReason.INVALID_PARAMETER,
                f"a PDU of type {kind:02X}H and {length} bytes",
                event=Event.PDU_INVALID,
            )
        self._lo += pdu.HEADER.size
        if kind == PduType.DATA:
            if self.machine.state is not State.ESTABLISHED:
                self._on_pdu(PduType.DATA)
            return kind, length
        self._fill(length)
        body = bytes(self._view[self._lo : self._lo + length])
        self._lo += length
        if kind in _READ_ALONE and length != 4:  # noqa: PLR2004  (their fixed length)
            raise self.violated(
                AbortReason.INVALID_PARAMETER, "a PDU cut short", event=Event.PDU_INVALID
            )
        self._on_pdu(PduType(kind))
        if kind == PduType.ABORT:
            raise AssociationLost(f"the peer aborted: source {body[2]}, reason {body[3]}")
        return kind, length

    def receive_pdu(self) -> pdu.Pdu:
        """Return the next PDU whole: for the opening and the end of an association."""
        self._fill(pdu.HEADER.size)
        kind, _, length = pdu.HEADER.unpack_from(self._buffer, self._lo)
        longest = self._limits.get(kind)
        if longest is None or length > longest or length > _BUFFER_BYTES - pdu.HEADER.size:
            raise self.violated(
                AbortReason.UNRECOGNIZED_PDU, f"a PDU of type {kind:02X}H", event=Event.PDU_INVALID
            )
        self._lo += pdu.HEADER.size
        self._fill(length)
        body = bytes(self._view[self._lo : self._lo + length])
        self._lo += length
        try:
            received = pdu.decode(kind, body)
        except Malformed as error:
            raise self.violated(
                AbortReason.INVALID_PARAMETER, str(error), event=Event.PDU_INVALID
            ) from error
        self._on_pdu(PduType(kind))
        if isinstance(received, pdu.Abort):
            raise AssociationLost(f"the peer aborted: {received.reason:04X}H")
        return received

    def _on_pdu(self, kind: PduType) -> None:
        effects = self.machine.on(_PDU_EVENTS[kind])
        if Effect.SEND_ABORT in effects:
            self._carry_out(effects, pdu.Abort(AbortReason.UNEXPECTED_PDU))
            raise ProtocolViolated(f"{kind.name} may not come now (PS3.8 table 9-10)")
        self._carry_out(effects, None)

    def _fill(self, wanted: int, *, idle_s: float | None = None) -> None:
        """Receive until `wanted` bytes are at hand."""
        while self._hi - self._lo < wanted:
            self._receive(wanted, idle_s=idle_s)
            idle_s = None

    def _receive(self, wanted: int = 0, *, idle_s: float | None = None) -> None:
        if self._lo == self._hi and not self._views:
            self._lo = self._hi = 0
        if _BUFFER_BYTES - self._hi < max(_LEAST_ROOM, wanted):
            self._hand_on()  # the buffer is used again: nobody may hold a view of it
            self._view[: self._hi - self._lo] = self._view[self._lo : self._hi]
            self._lo, self._hi = 0, self._hi - self._lo
        deadline = None if idle_s is None else time.monotonic() + idle_s
        while True:
            try:
                received = self._sock.recv_into(self._view[self._hi :])
            except BlockingIOError:
                if deadline is not None and time.monotonic() < deadline:
                    continue
                raise self._lost("silent for too long") from None
            except OSError as error:
                raise self._lost(str(error)) from error
            break
        if not received:
            raise self._lost("the connection was closed")
        # The peer may write a PDU in two pieces and wait for our acknowledgement of the first.
        self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        self._hi += received

    # --- sending ---------------------------------------------------------------------------

    def send_message(
        self, context_id: int, command: Command, dataset: Iterable[Buffer] | None = None
    ) -> None:
        """Send a command, and its data set if it has one, in as few writes as can be."""
        if not self.is_established:
            raise AssociationLost("the association is not established any more")
        parts = fragments(context_id, command.encode(), dataset, self.peer_max_pdu_bytes)
        try:
            send_all(self._sock, parts)
        except OSError as error:
            raise self._lost(str(error)) from error

    def say(self, event: Event, message: pdu.Pdu | None = None) -> None:
        """Report a request or response of ours to the machine and send what comes of it."""
        self._carry_out(self.machine.on(event), message)

    def reject_at_once(self, message: pdu.AssociateRj) -> None:
        """Refuse, as service provider, the A-ASSOCIATE-RQ that has just come (AE-6)."""
        effects = self.machine.on(Event.PDU_ASSOCIATE_RQ, acceptable=False)
        self._carry_out(effects, message)

    def violated(
        self, reason: AbortReason, what: str, *, event: Event = Event.PDU_INVALID
    ) -> ProtocolViolated:
        """Abort because of what the peer sent; return the exception to raise."""
        with contextlib.suppress(AssociationLost):
            self._carry_out(self.machine.on(event), pdu.Abort(reason))
        return ProtocolViolated(what)

    def violated_order(self) -> ProtocolViolated:
        """Abort: a request came while another is under way; no window was negotiated for it."""
        return self.violated(AbortReason.UNEXPECTED_PDU, "a request amid an operation")

    def abort(self, reason: AbortReason = AbortReason.SERVICE_USER) -> None:
        """Abort for a reason of ours, if there is still an association to abort."""
        if self.machine.state not in {State.IDLE, State.AWAITING_REQUEST, State.AWAITING_CLOSE}:
            with contextlib.suppress(AssociationLost):
                self._carry_out(self.machine.on(Event.ABORT_REQUEST), pdu.Abort(reason))

    def linger(self) -> None:
        """Wait, no longer than ARTIM, until the peer closes; then close.

        What it had under way is read and forgotten, or our last word might not reach it.
        """
        deadline = time.monotonic() + self._settings.artim_s
        patience = _LINGER_BYTES
        with contextlib.suppress(OSError):
            while self.machine.state is State.AWAITING_CLOSE:
                left_s = deadline - time.monotonic()
                if left_s <= 0 or patience <= 0:
                    self._carry_out(self.machine.on(Event.ARTIM_EXPIRED), None)
                    break
                self._wait(left_s)
                with contextlib.suppress(BlockingIOError):
                    received = self._sock.recv_into(self._view)
                    patience -= received
                    if not received:
                        self._carry_out(self.machine.on(Event.TRANSPORT_CLOSED), None)
        self.close()

    def close(self) -> None:
        """Close the socket; nothing is said to the peer."""
        self._sock.close()

    def _carry_out(self, effects: tuple[Effect, ...], message: pdu.Pdu | None) -> None:
        for effect in effects:
            if effect in _SENT and message is not None:
                try:
                    self._sock.sendall(pdu.encode(message))
                except OSError as error:
                    raise self._lost(str(error)) from error
            elif effect is Effect.CLOSE_TRANSPORT:
                self._sock.close()

    def _lost(self, why: str) -> AssociationLost:
        if self.machine.state is not State.IDLE:
            self.machine.on(Event.TRANSPORT_CLOSED)
        return AssociationLost(why)

    def _wait(self, timeout_s: float) -> None:
        """Let the kernel end a receive or send after `timeout_s`: no poll before each of them."""
        whole, part = divmod(timeout_s, 1)
        value = struct.pack("ll", int(whole), max(int(part * 1e6), 1))
        self._sock.settimeout(None)
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, value)
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, value)


def _forget(views: list[memoryview]) -> None:
    """Take a piece and do nothing with it."""

"""The user: sends messages to another system in their order, each until it is answered.

A message without answer is sent again with the same bytes, so that a receiver that keeps to its
control id takes it once. The next one waits.
"""

import contextlib
import socket
import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from archipel.kernel.errors import Refused, Unavailable
from archipel.protocols.mllp.framing import (
    COMMIT_ACK,
    COMMIT_NAK,
    Deframer,
    NotFramed,
    framed,
)
from archipel.standards.hl7v2.acknowledgement import Wish, wishes
from archipel.standards.hl7v2.errors import Fault
from archipel.standards.hl7v2.message import Message, parse, peek

_READ_BYTES = 1 << 16
_ANSWER_BYTES = 1 << 20


class NotAccepted(Refused):
    """The receiver will not take a message: AE or AR, its words behind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """Where messages go, and how long is waited for an answer."""

    host: str
    port: int
    tls: ssl.SSLContext | None = None
    connect_timeout_s: float = 10.0
    answer_timeout_s: float = 30.0
    tries: int = 3
    wait_s: float = 1.0  # before the second try; doubled for each further


class Sender:
    """A connection that is opened when needed, and again when lost. For one thread."""

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver
        self._socket: socket.socket | None = None
        self._deframer = Deframer(_ANSWER_BYTES)
        self._blocks: list[bytes] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let the connection go."""
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.close()
        self._socket, self._blocks = None, []

    def send(self, body: bytes) -> Sequence[Message]:
        """Send one message; return its acknowledgements, none when it wants none.

        Raises `NotAccepted` (AE at once; AR after every try) and `Unavailable` (no answer).
        """
        msh = peek(body)
        expected = _expected(wishes(msh))
        wait_s, last = self._receiver.wait_s, ""
        for number in range(self._receiver.tries):
            if number:
                time.sleep(wait_s)
                wait_s *= 2
            try:
                answers = self._once(body, msh.text(10), expected)
            except (OSError, NotFramed, Fault) as error:
                self.close()
                last = str(error) or "no answer in time"
                continue
            code = answers[-1].require("MSA").text(1) if answers else "AA"
            if code.endswith("A"):
                return answers
            told = answers[-1].first("ERR")
            last = f"{code} {told.text(8) if told else answers[-1].require('MSA').text(3)}"
            if code.endswith("E"):
                raise NotAccepted(f"{self._where}: {last}")
        if last[:2] in {"AR", "CR"}:
            raise NotAccepted(f"{self._where}: {last}")
        raise Unavailable(f"{self._where} does not acknowledge: {last}")

    @property
    def _where(self) -> str:
        return f"{self._receiver.host}:{self._receiver.port}"

    def _once(self, body: bytes, control_id: str, expected: int) -> list[Message]:
        peer = self._connected()
        peer.sendall(framed(body))
        answers: list[Message] = []
        deadline = time.monotonic() + self._receiver.answer_timeout_s
        while len(answers) < expected:
            block = self._block(peer, deadline)
            if block == COMMIT_ACK:
                continue
            if block == COMMIT_NAK:
                raise NotFramed("the receiver could not keep the message (NAK)")
            answer = parse(block)
            if answer.require("MSA").text(2) == control_id:  # else: of an earlier try
                answers.append(answer)
                if not answer.require("MSA").text(1).endswith("A"):
                    break
        return answers

    def _connected(self) -> socket.socket:
        if self._socket is None:
            told = self._receiver
            address = (told.host, told.port)
            raw = socket.create_connection(address, timeout=told.connect_timeout_s)
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._socket = (
                told.tls.wrap_socket(raw, server_hostname=told.host) if told.tls else raw
            )
            self._deframer, self._blocks = Deframer(_ANSWER_BYTES), []
        return self._socket

    def _block(self, peer: socket.socket, deadline: float) -> bytes:
        while not self._blocks:
            peer.settimeout(max(deadline - time.monotonic(), 0.001))
            data = peer.recv(_READ_BYTES)
            if not data:
                raise ConnectionResetError("the receiver closed the connection")
            self._blocks += self._deframer.feed(data)
        return self._blocks.pop(0)


def _expected(wanted: tuple[Wish, Wish] | None) -> int:
    """Count the answers that surely come; what comes on error only is not waited for."""
    if wanted is None:
        return 1
    return sum(one in {Wish.ALWAYS, Wish.ON_SUCCESS} for one in wanted)

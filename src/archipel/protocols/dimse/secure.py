"""TLS under the DICOM upper layer (PS3.15 annexes B.9 and B.10, BCP 195): nothing below 1.2.

A TLS connection becomes a plain local socket on which an association lives as on any other; a
thread carries the bytes between. So the path of the bytes in clear, the common one, pays nothing.
"""

import contextlib
import hashlib
import select
import socket
import ssl
import threading
import time
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from archipel.kernel.errors import Malformed, Refused
from archipel.protocols.dimse.errors import AssociationLost

_PIECE_BYTES = 1 << 16
_HELD_BYTES = 1 << 18  # on their way, in each direction
_IDLE_MS = 60_000  # looked at again, whatever happens
# Forward secrecy and authenticated encryption alone (PS3.15 table B.10-1); TLS 1.3 has its own.
OLDEST = ssl.TLSVersion.TLSv1_2
SUITES = "ECDHE+AESGCM:DHE+AESGCM:ECDHE+CHACHA20"


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """PEM files: our certificate, its key, and the authorities (or certificates) believed."""

    certificate: str
    key: str
    authority: str


@lru_cache(maxsize=8)
def context_of(files: TlsFiles, *, server: bool) -> ssl.SSLContext:
    """Return what we speak, as who answers or who calls. Raises `Malformed` for a bad file."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if server else ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.minimum_version = OLDEST
        context.set_ciphers(SUITES)
        context.check_hostname = False  # a device is known by its certificate, wherever it is
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_cert_chain(files.certificate, files.key)
        context.load_verify_locations(files.authority)
    except (OSError, ssl.SSLError) as error:
        raise Malformed(f"dicom.tls_certificate, tls_key or tls_authority: {error}") from error
    return context


class _Local(socket.socket):
    """One end of a local pair. It has no TCP, so options of TCP are nothing to it."""

    def setsockopt(self, level: int, optname: int, *value: Any) -> None:
        if level != socket.IPPROTO_TCP:
            super().setsockopt(level, optname, *value)


def secured(
    sock: socket.socket, context: ssl.SSLContext, *, timeout_s: float
) -> tuple[socket.socket, str]:
    """Shake hands on a connected socket; return a socket in clear and the peer's fingerprint.

    `sock` is not to be used any more. Raises `AssociationLost` (gone, or too slow), `Refused`
    (no certificate that is believed, or nothing in common).
    """
    server = context.protocol == ssl.PROTOCOL_TLS_SERVER
    sock.setblocking(False)
    connection = context.wrap_socket(sock, server_side=server, do_handshake_on_connect=False)
    try:
        _shake_hands(connection, time.monotonic() + timeout_s)
    except BaseException:
        connection.close()
        raise
    fingerprint = hashlib.sha256(connection.getpeercert(binary_form=True) or b"").hexdigest()
    ours, theirs = socket.socketpair()
    threading.Thread(target=_carry, args=(connection, theirs), daemon=True).start()
    return _Local(fileno=ours.detach()), fingerprint


def _shake_hands(connection: ssl.SSLSocket, deadline: float) -> None:
    while True:
        try:
            connection.do_handshake()
        except ssl.SSLWantReadError:
            wanted = select.POLLIN
        except ssl.SSLWantWriteError:
            wanted = select.POLLOUT
        except ssl.SSLError as error:
            raise Refused(f"the TLS handshake failed: {error.reason or error}") from error
        except OSError as error:
            raise AssociationLost(f"gone during the TLS handshake: {error}") from error
        else:
            return
        left_s = deadline - time.monotonic()
        waiting = select.poll()
        waiting.register(connection, wanted)
        if left_s <= 0 or not waiting.poll(left_s * 1000):
            raise AssociationLost("too slow in the TLS handshake")


def _carry(connection: ssl.SSLSocket, local: socket.socket) -> None:
    """Carry bytes both ways until one side ends."""
    local.setblocking(False)
    with contextlib.suppress(OSError), contextlib.closing(local), contextlib.closing(connection):
        _Carrier(connection, local).run()


class _Carrier:
    """Bytes on their way between a TLS connection and a local socket, in one thread."""

    def __init__(self, connection: ssl.SSLSocket, local: socket.socket) -> None:
        self._connection = connection
        self._local = local
        self._inward, self._outward = bytearray(), bytearray()
        self._wire_ended = self._local_ended = False
        self._wanted = {connection.fileno(): 0, local.fileno(): 0}

    def run(self) -> None:
        """Raise `OSError` when a side breaks off."""
        while not (self._wire_ended and not self._inward):
            if self._local_ended and not self._outward:
                with contextlib.suppress(ssl.SSLError):
                    self._connection.unwrap()  # says goodbye; nobody waits for the answer
                return
            self._wanted = dict.fromkeys(self._wanted, 0)
            if not any([self._from_wire(), self._to_local(), self._from_local(), self._to_wire()]):
                self._wait()

    def _wait(self) -> None:
        waiting = select.poll()
        for number, events in self._wanted.items():
            if events:
                waiting.register(number, events)
        waiting.poll(_IDLE_MS)

    def _from_wire(self) -> bool:
        if self._wire_ended or len(self._inward) >= _HELD_BYTES:
            return False
        try:
            piece = self._connection.recv(_PIECE_BYTES)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError) as wants:
            return self._wire_wants(wants)
        self._inward += piece
        self._wire_ended = not piece
        return True

    def _to_wire(self) -> bool:
        if not self._outward:
            return False
        try:
            sent = self._connection.send(self._outward[:_PIECE_BYTES])
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError) as wants:
            return self._wire_wants(wants)
        del self._outward[:sent]
        return True

    def _wire_wants(self, wants: ssl.SSLError) -> bool:
        reads = isinstance(wants, ssl.SSLWantReadError)
        self._wanted[self._connection.fileno()] |= select.POLLIN if reads else select.POLLOUT
        return False

    def _from_local(self) -> bool:
        if self._local_ended or len(self._outward) >= _HELD_BYTES:
            return False
        try:
            piece = self._local.recv(_PIECE_BYTES)
        except BlockingIOError:
            self._wanted[self._local.fileno()] |= select.POLLIN
            return False
        self._outward += piece
        self._local_ended = not piece
        return True

    def _to_local(self) -> bool:
        if not self._inward:
            return False
        try:
            sent = self._local.send(self._inward)
        except BlockingIOError:
            self._wanted[self._local.fileno()] |= select.POLLOUT
            return False
        del self._inward[:sent]
        return True

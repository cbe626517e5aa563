"""What a socket between two islands needs: BBR, no delay, a time after which silence is a cut.

Congestion control is the sender's: on a line that loses one segment in a hundred BBR keeps nine
tenths of it where others keep a tenth (ADR 0063). Set on the listening socket, it is inherited by
what is accepted; it is read back, because a kernel may not have it.
"""

import socket
import struct
from contextlib import suppress
from dataclasses import dataclass

WANTED = b"bbr"
USER_TIMEOUT_MS = 20_000
KEEPALIVE_IDLE_S, KEEPALIVE_EVERY_S, KEEPALIVE_TRIES = 15, 5, 2
_CONGESTION = getattr(socket, "TCP_CONGESTION", 13)
_USER_TIMEOUT = getattr(socket, "TCP_USER_TIMEOUT", 18)
_NAME_BYTES = 16

OPTIONS: tuple[tuple[int, int, int], ...] = (
    (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, KEEPALIVE_IDLE_S),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, KEEPALIVE_EVERY_S),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, KEEPALIVE_TRIES),
    (socket.IPPROTO_TCP, _USER_TIMEOUT, USER_TIMEOUT_MS),
)


@dataclass(frozen=True, slots=True)
class TcpFigures:
    """What the kernel knows of one connection (struct tcp_info)."""

    rtt_ms: float
    segments_out: int
    segments_again: int

    @property
    def loss_pct(self) -> float:
        """Return how many segments in a hundred were sent again."""
        return 100 * self.segments_again / self.segments_out if self.segments_out else 0.0


def prepare(open_socket: socket.socket) -> str:
    """Set all that is wanted; returns the congestion control that holds."""
    for level, name, value in OPTIONS:
        open_socket.setsockopt(level, name, value)
    with suppress(OSError):  # a kernel without BBR: read back below, shown on the link board
        open_socket.setsockopt(socket.IPPROTO_TCP, _CONGESTION, WANTED)
    return congestion(open_socket)


def congestion(open_socket: socket.socket) -> str:
    """Return the congestion control of a socket."""
    raw = open_socket.getsockopt(socket.IPPROTO_TCP, _CONGESTION, _NAME_BYTES)
    return raw.partition(b"\0")[0].decode("ascii", "replace")


def has_bbr() -> bool:
    """Tell whether this kernel lets us choose BBR."""
    with socket.socket() as tried:
        return prepare(tried) == WANTED.decode()


def figures(open_socket: socket.socket) -> TcpFigures | None:
    """Ask the kernel about a connection; None where it does not say."""
    try:
        raw = open_socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)
    except OSError:
        return None
    if len(raw) < _SEGMENTS_OUT + 4:
        return None
    (rtt_us,) = struct.unpack_from("=I", raw, _RTT)
    (again,) = struct.unpack_from("=I", raw, _TOTAL_RETRANS)
    (out,) = struct.unpack_from("=I", raw, _SEGMENTS_OUT)
    return TcpFigures(rtt_ms=rtt_us / 1000, segments_out=out, segments_again=again)


# Offsets in struct tcp_info (linux/tcp.h): eight bytes of flags, then 32-bit words.
_RTT = 8 + 15 * 4
_TOTAL_RETRANS = 8 + 23 * 4
_SEGMENTS_OUT = 136

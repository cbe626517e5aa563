"""Messages cut into P-DATA-TF PDUs and written with few system calls (PS3.8 Annex E)."""

import socket
from collections.abc import Iterable, Iterator

from archipel.standards.dicom import pdu

Buffer = bytes | bytearray | memoryview

LONGEST_SENT = 131072  # of a PDU's variable field, whatever more the peer can take
_SHORTEST = 4096  # peers that announce less are held to have erred
_OVERHEAD = pdu.PDV_HEADER.size
_JOINED_BYTES = 65536  # below it one copy is cheaper than many buffers
_BATCH_BYTES = 1 << 20
_BATCH_BUFFERS = 256  # Linux takes 1024


def fragments(
    context_id: int, command: bytes, dataset: Iterable[Buffer] | None, peer_max_pdu_bytes: int
) -> Iterator[Buffer]:
    """Yield the buffers of one message: headers and views of what is given, nothing copied.

    `peer_max_pdu_bytes` is what the peer announced; 0 is no limit (PS3.8 Annex D.1).
    """
    longest = min(peer_max_pdu_bytes or LONGEST_SENT, LONGEST_SENT)
    size = (max(longest, _SHORTEST) - _OVERHEAD) & ~1  # an even number of bytes in each
    yield from _values(context_id, pdu.COMMAND, [command], size)
    if dataset is not None:
        yield from _values(context_id, 0, dataset, size)


def _values(
    context_id: int, control: int, content: Iterable[Buffer], size: int
) -> Iterator[Buffer]:
    pending: list[Buffer] = []
    held = 0
    for buffer in content:
        view = memoryview(buffer).cast("B")
        at = 0
        while at < len(view):
            if held == size:
                yield _header(context_id, control, held)
                yield from pending
                pending, held = [], 0
            piece = view[at : at + size - held]
            pending.append(piece)
            held += len(piece)
            at += len(piece)
    yield _header(context_id, control | pdu.LAST, held)
    yield from pending


def _header(context_id: int, control: int, length: int) -> bytes:
    return pdu.HEADER.pack(pdu.PduType.DATA, 0, length + _OVERHEAD) + pdu.PDV_HEADER.pack(
        length + 2, context_id, control
    )


def send_all(sock: socket.socket, buffers: Iterable[Buffer]) -> None:
    """Write every buffer, gathering small ones. Raises `OSError`."""
    batch: list[Buffer] = []
    held = 0
    for buffer in buffers:
        batch.append(buffer)
        held += len(buffer)
        if held >= _BATCH_BYTES or len(batch) >= _BATCH_BUFFERS:
            _send(sock, batch, held)
            batch, held = [], 0
    if batch:
        _send(sock, batch, held)


def _send(sock: socket.socket, batch: list[Buffer], held: int) -> None:
    if held <= _JOINED_BYTES:
        sock.sendall(b"".join(batch))
        return
    at = 0
    while at < len(batch):
        sent = sock.sendmsg(batch[at:])
        while at < len(batch) and sent >= len(batch[at]):
            sent -= len(batch[at])
            at += 1
        if sent:
            batch[at] = memoryview(batch[at])[sent:]

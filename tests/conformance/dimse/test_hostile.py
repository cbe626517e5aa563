"""What a stranger may try: lengths, orders and silences that no honest peer sends.

After each of them the node answers the next caller, and has not grown.
"""

import contextlib
import socket
import struct
import time

import psutil
import pytest

from archipel.protocols.dimse.echo_scu import echo
from archipel.standards.dicom import command as commands
from archipel.standards.dicom import pdu
from archipel.standards.dicom.command import CommandField, Element, request
from archipel.standards.dicom.pdu import COMMAND, LAST, Abort, DataTransfer, Pdv
from archipel.standards.dicom.service_classes import VERIFICATION
from archipel.testing.instances import SECONDARY_CAPTURE, instance

MIB = 1 << 20


def _memory(node) -> int:
    """Return what guard and workers hold, unshared, in bytes."""
    guard = psutil.Process(node.process.pid)
    return sum(p.memory_full_info().uss for p in [guard, *guard.children(recursive=True)])


@pytest.fixture(autouse=True)
def unharmed(request: pytest.FixtureRequest, peer):
    if "node" not in request.fixturenames:
        yield
        return
    node = request.getfixturevalue("node")
    echo(peer(node))
    before = _memory(node)
    yield
    echo(peer(node))
    assert _memory(node) - before < 8 * MIB


def _ended(association) -> pdu.Pdu | None:
    """Return the abort that ends an association, or None where it was only closed."""
    with contextlib.suppress(EOFError):
        while True:
            received = association.read()
            if isinstance(received, Abort):
                return received
    return None


def _echo_command() -> bytes:
    return request(CommandField.C_ECHO_RQ, 1, VERIFICATION, dataset=False).encode()


def _store_command(made) -> bytes:
    command = request(CommandField.C_STORE_RQ, 1, made.sop_class.value, dataset=True)
    command.values[Element.AFFECTED_SOP_INSTANCE] = made.sop_instance.value
    return command.encode()


@pytest.mark.parametrize(
    "beginning",
    [
        b"\x01\0\x7f\xff\xff\xff",
        b"\x01\0\xff\xff\xff\xff" + bytes(1000),
        b"\x01\0\0\0\0\0",
        b"\x04\0\0\0\0\x10" + bytes(16),
        b"\xff\0\0\0\0\x04" + bytes(4),
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\x02\0\x01\0",
    ],
)
def test_what_is_no_association_request_is_not_read(node, beginning: bytes) -> None:
    with socket.create_connection(("127.0.0.1", node.port), timeout=30) as sock:
        sock.sendall(beginning)
        started = time.monotonic()
        with contextlib.suppress(ConnectionResetError):
            while sock.recv(64):
                pass

        assert time.monotonic() - started < 4.5  # not first after the 5 s of a request


@pytest.mark.parametrize(
    "items",
    [
        b"\x10\0\xff\xff1.2",  # an item longer than the PDU
        b"\x20\0\0\x08\x01\0\0\0\x30\0\xff\xff",  # a sub-item longer than its item
        b"\x20\0\0\x04\x01\0\0\0",  # a context without abstract syntax
        b"\x50\0\0\x08\x51\0\0\x04\0\0\0",
        b"\x50\0\0\x07\x54\0\0\x03\xff\xff\0",
        b"\x10",
        bytes(3),
    ],
)
def test_nested_items_with_wrong_lengths_are_aborted(node, raw, items: bytes) -> None:
    association = raw(node)
    head = pdu.encode(association.request)[pdu.HEADER.size :][:68]
    body = head + items
    association.socket.sendall(pdu.HEADER.pack(1, 0, len(body)) + body)

    assert _ended(association) is not None


def test_context_ids_that_are_even_or_come_twice_are_aborted(node, raw) -> None:
    for ids in ((2,), (1, 1)):
        association = raw(node)
        context = [pdu.ProposedContext(i, VERIFICATION, ("1.2.840.10008.1.2",)) for i in ids]
        object.__setattr__(association.request, "contexts", tuple(context))

        assert isinstance(association.open(), Abort)


@pytest.mark.parametrize(
    "message",
    [
        pdu.HEADER.pack(4, 0, 0xFFFFFFFF),  # an endless PDU
        pdu.HEADER.pack(4, 0, 200_000),  # longer than we announced
        pdu.HEADER.pack(4, 0, 6) + b"\xff\xff\xff\xff\x01\x03",  # a value beyond its PDU
        pdu.HEADER.pack(4, 0, 6) + b"\0\0\0\1\x01\x03",  # a value shorter than its own head
        pdu.HEADER.pack(4, 0, 3) + b"\0\0\0" + pdu.HEADER.pack(5, 0, 4) + bytes(4),
        pdu.encode(DataTransfer((Pdv(1, LAST, b"data"),))),  # a data set before any command
        pdu.encode(DataTransfer((Pdv(1, COMMAND | LAST, b"garbage!"),))),
        pdu.encode(DataTransfer((Pdv(1, COMMAND | LAST, b""),))),
        pdu.encode(DataTransfer((Pdv(77, COMMAND | LAST, _echo_command()),))),
        pdu.encode(DataTransfer((Pdv(1, COMMAND, _echo_command()),)))
        + pdu.encode(DataTransfer((Pdv(3, COMMAND | LAST, b""),))),
        pdu.encode(pdu.AssociateRj(1, 0x0101)),
        pdu.HEADER.pack(5, 0, 1) + b"\0",
        pdu.HEADER.pack(9, 0, 4) + bytes(4),
        pdu.encode(pdu.ReleaseRp()),
    ],
)
def test_a_pdu_that_may_not_come_is_aborted(node, raw, message: bytes) -> None:
    association = raw(node, VERIFICATION)
    assert isinstance(association.open(), pdu.AssociateAc)
    association.socket.sendall(message)

    assert isinstance(_ended(association), Abort)


def test_a_second_association_request_is_aborted(node, raw) -> None:
    association = raw(node, VERIFICATION)
    association.open()

    assert isinstance(association.open(), Abort)


def test_a_command_without_end_is_aborted(node, raw) -> None:
    association = raw(node, VERIFICATION)
    association.open()
    endless = pdu.encode(DataTransfer((Pdv(1, COMMAND, bytes(30_000)),)))
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        for _ in range(50):
            association.socket.sendall(endless)

    assert isinstance(_ended(association), Abort)


@pytest.mark.parametrize(
    "interruption",
    [
        pdu.encode(DataTransfer((Pdv(3, LAST, b"other context"),))),
        pdu.encode(DataTransfer((Pdv(1, COMMAND | LAST, _echo_command()),))),
        pdu.encode(pdu.ReleaseRq()),
        pdu.encode(pdu.Abort(0)),
        pdu.HEADER.pack(4, 0, 100) + b"\0\0\0\x62\x01\x00cut",
    ],
)
def test_a_data_set_that_is_interrupted_is_abandoned(node, raw, send, interruption) -> None:
    made = instance()
    association = raw(node, SECONDARY_CAPTURE, VERIFICATION)
    association.open()
    started = DataTransfer(
        (Pdv(1, COMMAND | LAST, _store_command(made)), Pdv(1, 0, made.dataset[:100]))
    )
    association.socket.sendall(pdu.encode(started) + interruption)
    association.socket.shutdown(socket.SHUT_WR)
    _ended(association)

    assert send(node, made) == [0]


def test_a_data_set_without_end_is_cut_off(start, raw, peer) -> None:
    node = start(settings={"max_dataset_bytes": 4 * MIB})
    made = instance()
    association = raw(node, SECONDARY_CAPTURE)
    association.open()
    command = DataTransfer((Pdv(1, COMMAND | LAST, _store_command(made)),))
    association.socket.sendall(pdu.encode(command))
    endless = pdu.encode(DataTransfer((Pdv(1, 0, bytes(100_000)),)))
    sent = 0
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        while sent < 300:
            association.socket.sendall(endless)
            sent += 1

    assert sent < 300
    echo(peer(node))


def test_a_header_without_end_is_refused_and_forgotten(start, raw, peer) -> None:
    node = start(settings={"max_header_bytes": MIB})
    association = raw(node, SECONDARY_CAPTURE)
    association.open()
    made = instance()
    association.socket.sendall(
        pdu.encode(DataTransfer((Pdv(1, COMMAND | LAST, _store_command(made)),)))
    )
    # One private element of 64 MiB before anything that is indexed.
    head = struct.pack("<HH2sHI", 8, 1, b"OB", 0, 64 * MIB)
    before = _memory(node)
    association.socket.sendall(pdu.encode(DataTransfer((Pdv(1, 0, head),))))
    piece = pdu.encode(DataTransfer((Pdv(1, 0, bytes(100_000)),)))
    for _ in range(100):
        association.socket.sendall(piece)
    grown = _memory(node) - before
    association.socket.sendall(pdu.encode(DataTransfer((Pdv(1, LAST, b""),))))
    answer = association.read()

    assert isinstance(answer, DataTransfer)
    status = commands.decode(answer.values[0].fragment).status
    assert 0xC000 <= status <= 0xCFFF
    assert grown < 32 * MIB  # the memory journal keeps what it is given until it is refused


def test_whoever_is_slow_to_ask_is_closed(start, peer) -> None:
    node = start(settings={"associate_timeout_s": 1.0})
    with socket.create_connection(("127.0.0.1", node.port), timeout=10) as sock:
        started = time.monotonic()
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            for byte in b"\x01\0\0\0\xff\0" + bytes(255):
                sock.sendall(bytes([byte]))
                time.sleep(0.05)
            sock.recv(1)

        assert time.monotonic() - started < 10  # all of it would take 12 s and more
    echo(peer(node))


def test_whoever_falls_silent_amid_a_message_is_dropped(start, raw, peer) -> None:
    node = start(settings={"network_timeout_s": 0.5})
    association = raw(node, VERIFICATION)
    association.open()
    association.socket.sendall(pdu.HEADER.pack(4, 0, 100) + b"\0\0")

    with pytest.raises(EOFError):
        association.read()
    echo(peer(node))


def test_half_requests_do_not_hold_more_than_their_share(start, peer) -> None:
    node = start(settings={"max_waiting_bytes": MIB})
    half = pdu.HEADER.pack(1, 0, 200_000) + bytes(100_000)
    with contextlib.ExitStack() as stack:
        for _ in range(20):
            sock = socket.create_connection(("127.0.0.1", node.port), timeout=5)
            stack.enter_context(sock)
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                sock.sendall(half)

        echo(peer(node))
        assert _memory(node) < 150 * MIB


@pytest.mark.slow
def test_five_thousand_idle_connections_do_not_close_the_door(start, peer) -> None:
    """From five addresses: of one, no more than `max_waiting_per_address` are kept."""
    node = start(settings={"associate_timeout_s": 60})
    echo(peer(node))
    before = _memory(node)
    with contextlib.ExitStack() as stack:
        for number in range(5000):
            from_host = f"127.0.0.{number % 5 + 2}"
            sock = socket.create_connection(("127.0.0.1", node.port), 10, (from_host, 0))
            stack.enter_context(sock)
        waits = []
        for _ in range(100):
            started = time.monotonic()
            echo(peer(node))
            waits.append(time.monotonic() - started)

        assert psutil.Process(node.process.pid).num_fds() > 5000
        assert _memory(node) - before < 64 * MIB
        assert sorted(waits)[98] <= 1.0

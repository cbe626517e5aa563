"""The HL7 door speaks MLLP with real peers, and survives those who do not."""

import asyncio
import contextlib
import ssl
import threading
import time

import hl7
import pytest
from hl7.client import MLLPClient
from hl7.mllp import start_hl7_server
from tests.conformance.mllp.conftest import order

from archipel.app.hl7.process import tls_of
from archipel.app.settings import Hl7Settings
from archipel.protocols.mllp.framing import COMMIT_ACK, framed
from archipel.protocols.mllp.user import NotAccepted, Receiver, Sender
from archipel.standards.hl7v2.message import parse
from archipel.stores.sql.orders.messages import SqlMessages
from archipel.testing.access_builders import WEST, scope_of

SEEN = scope_of(WEST)


def kept(database) -> int:
    return len(SqlMessages(database).listed(scope=SEEN))


def code(block: bytes) -> str:
    return parse(block).require("MSA").text(1)


def test_the_hl7_librarys_client_is_answered(start, sqlite_database) -> None:
    door = start()
    with MLLPClient("127.0.0.1", door.port) as client:
        for control in ("1", "2", "2"):
            answer = hl7.parse(client.send_message(order(control)).strip(b"\x0b\x1c\r").decode())
            assert str(answer.segment("MSA")) == f"MSA|AA|{control}"

    assert kept(sqlite_database) == 2


class LibraryServer:
    """The plain server of the hl7 library, in a thread."""

    def __init__(self) -> None:
        self.taken: list[str] = []
        self._began = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self._thread.start()
        assert self._began.wait(10)

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        server = await start_hl7_server(self._talk, host="127.0.0.1", port=0, encoding="utf-8")
        self.port = server.sockets[0].getsockname()[1]
        self._began.set()
        await self._stop.wait()
        server.close()

    async def _talk(self, reader, writer) -> None:
        while True:
            try:
                message = await reader.readmessage()
            except (asyncio.IncompleteReadError, ConnectionError):
                break
            self.taken.append(str(message.segment("MSH")[10]))
            writer.writemessage(message.create_ack())
            await writer.drain()
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)


def test_the_hl7_librarys_server_takes_what_our_user_sends() -> None:
    server = LibraryServer()
    with Sender(Receiver(host="127.0.0.1", port=server.port)) as sender:
        for control in "123":
            (answer,) = sender.send(order(control))
            assert answer.require("MSA").text(2) == control
    server.stop()

    assert server.taken == ["1", "2", "3"]


def test_enhanced_mode_is_answered_as_it_asks(start, connect) -> None:
    peer = connect(start())

    peer.send(framed(order("1", "AL|AL")) + framed(order("2", "NE|NE")) + framed(order("3")))

    assert [code(peer.block()) for _ in range(3)] == ["CA", "AA", "AA"]


def test_release_2_has_a_commit_block_before_the_answer(start, connect) -> None:
    peer = connect(start(release_2=True))

    peer.send(framed(order("1")))

    assert peer.block() == COMMIT_ACK
    assert code(peer.block()) == "AA"


def test_a_message_in_single_bytes_is_a_message(start, connect) -> None:
    peer = connect(start())
    for byte in framed(order("1")):
        peer.send(bytes([byte]))

    assert code(peer.block()) == "AA"


@pytest.mark.parametrize(
    "noise",
    [b"GET / HTTP/1.1\r\n\r\n", b"\x0bMSH|\x0bMSH|\x1c\r", b"\x0b" + b"A" * 5000, b"\x16\x03\x01"],
)
def test_what_is_no_block_ends_its_connection_and_no_other(start, connect, noise) -> None:
    door = start(max_message_bytes=4096)
    bad, good = connect(door), connect(door)

    bad.send(noise)

    assert bad.block() is None
    good.send(framed(order("1")))
    assert code(good.block()) == "AA"


def test_a_block_that_is_no_message_is_answered(start, connect) -> None:
    peer = connect(start())
    for content in (b"", b"hello", b"MSH|^~\\&|RIS|CHU\rpid", b"\xff" * 20):
        peer.send(framed(content))
        assert code(peer.block())[0] == "A"
    peer.send(framed(order("1")))

    assert code(peer.block()) == "AA"


def test_a_slow_sender_and_a_silent_one_lose_their_place(start, connect) -> None:
    door = start(message_timeout_s=0.4, idle_timeout_s=0.8)
    slow, silent = connect(door), connect(door)
    began = time.monotonic()
    slow.send(b"\x0bMSH|")

    assert slow.block() is None
    assert silent.block() is None
    assert time.monotonic() - began < 8


def test_no_more_connections_than_allowed(start, connect) -> None:
    door = start(max_connections=3, max_connections_per_address=2)
    first, second = connect(door), connect(door)
    for peer in (first, second):
        peer.send(framed(order("1")))
        assert code(peer.block()) == "AA"

    assert connect(door).block() is None
    first.socket.close()
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        third = connect(door)
        third.send(framed(order("1")))
        if third.block():
            return
        time.sleep(0.05)
    pytest.fail("the place of a closed connection is not given again")


def test_a_sender_that_is_too_fast_is_read_more_slowly(start, connect) -> None:
    peer = connect(start(messages_per_second=5))
    began = time.monotonic()
    peer.send(b"".join(framed(order("1")) for _ in range(8)))
    for _ in range(8):
        assert code(peer.block()) == "AA"

    assert time.monotonic() - began > 0.3


def test_what_is_under_way_is_answered_when_the_node_stops(
    start, connect, sqlite_database
) -> None:
    door = start()
    door.slow_s = 0.5
    peer = connect(door)
    peer.send(framed(order("1")))
    time.sleep(0.2)

    door.stop()

    assert code(peer.block()) == "AA"
    assert kept(sqlite_database) == 1


def test_our_user_and_our_door_understand_each_other(start, sqlite_database) -> None:
    door = start()
    receiver = Receiver(host="127.0.0.1", port=door.port, tries=2, wait_s=0.1)
    with Sender(receiver) as sender:
        assert sender.send(order("1"))
        assert sender.send(order("2", "NE|NE")) == []
        with pytest.raises(NotAccepted, match="AE"):
            sender.send(order("3").replace(b"IPP1", b""))
        with pytest.raises(NotAccepted, match="AR"):
            sender.send(order("4").replace(b"|P|2.5", b"|T|2.5"))
        assert sender.send(order("5"))

    assert kept(sqlite_database) == 5


def test_a_message_is_sent_again_after_the_connection_was_lost(start, sqlite_database) -> None:
    door = start(idle_timeout_s=0.3)
    receiver = Receiver(host="127.0.0.1", port=door.port, tries=3, wait_s=0.1)
    with Sender(receiver) as sender:
        assert sender.send(order("1"))
        time.sleep(0.8)  # the door closed the connection meanwhile
        assert sender.send(order("2"))

    assert kept(sqlite_database) == 2


def test_messages_of_many_connections_are_answered_each(start, connect, sqlite_database) -> None:
    door = start(max_connections_per_address=64)
    peers = [connect(door) for _ in range(12)]
    for round_ in range(4):
        for number, peer in enumerate(peers):
            peer.send(framed(order(f"{round_}-{number}")))
        for number, peer in enumerate(peers):
            told = parse(peer.block()).require("MSA")
            assert [told.text(1), told.text(2)] == ["AA", f"{round_}-{number}"]

    assert kept(sqlite_database) == 48


def test_tls_is_spoken_where_it_is_configured(start, certificate, connect) -> None:
    chain, key = map(str, certificate)
    door = start(tls=tls_of(Hl7Settings(tls_certificate=chain, tls_key=key)))
    context = ssl.create_default_context(cafile=chain)
    with Sender(Receiver(host="127.0.0.1", port=door.port, tls=context)) as sender:
        assert sender.send(order("1"))

    plain = connect(door)
    plain.send(framed(order("2")))
    assert not plain.socket.recv(100).startswith(b"\x0b")


def test_with_an_authority_a_sender_shows_its_certificate(start, certificate, connect) -> None:
    chain, key = map(str, certificate)
    told = Hl7Settings(tls_certificate=chain, tls_key=key, tls_authority=chain)
    door = start(tls=tls_of(told))
    context = ssl.create_default_context(cafile=chain)
    nobody = Receiver(host="127.0.0.1", port=door.port, tls=context, tries=1, answer_timeout_s=5)
    with Sender(nobody) as sender, pytest.raises(Exception, match="acknowledge"):
        sender.send(order("1"))

    context.load_cert_chain(chain, key)
    with Sender(nobody) as sender:
        assert sender.send(order("1"))

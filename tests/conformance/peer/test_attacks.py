"""What an attacker tries at the peer door, over real sockets: refused, and written down."""

import base64
import json
import socket
import ssl
import threading
import time
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from tests.conformance.peer.conftest import OPPOSED, Door, asserted, identity_of, joined, knock

from archipel.app import archipelago
from archipel.exchange.errors import AuthorityMismatch
from archipel.exchange.model import NodeName, Purpose
from archipel.exchange.trust import certificates, tokens
from archipel.exchange.trust.tokens import Token
from archipel.kernel.clock import utc_now
from archipel.kernel.errors import Refused
from archipel.kernel.identifiers import TenantId
from archipel.protocols.peer.identity import PROTOCOLS, Identity
from archipel.testing.archipelago.joined import until

ONE = "patient:h|1"
READ = f"/x/1/test/read/{ONE}"


@pytest.fixture
def mq(door: Door, tmp_path: Path) -> Identity:
    """Let the node `mq` in; it may query and read."""
    return door.enrol("mq", tmp_path / "mq")


def refused(answer: httpx.Response, door: Door, *, because: str) -> None:
    assert answer.status_code == 403
    assert because in answer.json()["detail"]
    assert any(because in row.entry.detail for row in door.refusals())


def test_an_assertion_that_holds_lets_a_person_read(door: Door, mq: Identity) -> None:
    answer = knock(door, mq, READ, assertion=asserted(mq, ONE))

    assert (answer.status_code, answer.text) == (200, "rpps:10001234567")
    assert answer.http_version == "HTTP/2"


def test_01_an_authority_that_is_not_the_tokens_gets_nothing(door: Door, tmp_path: Path) -> None:
    token, heard = door.invite("mq"), []
    evil = certificates.new_authority("archipel gp", now=utc_now())
    key = certificates.new_key()
    request = certificates.request_for(NodeName("gp"), key)
    shown = evil.issue(request, NodeName("gp"), now=utc_now())
    files = identity_of(NodeName("gp"), shown, key, evil.certificate, tmp_path / "evil").files
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*files)
    context.set_alpn_protocols([PROTOCOLS[1]])
    listener = socket.create_server(("127.0.0.1", 0))
    body = json.dumps({"authority": evil.certificate}).encode()
    thread = threading.Thread(target=_answer_all, args=(listener, context, body, heard))
    thread.start()

    with pytest.raises(AuthorityMismatch):
        joined(
            f"https://127.0.0.1:{listener.getsockname()[1]}",
            token,
            NodeName("mq"),
            tmp_path / "mq",
        )

    listener.close()
    thread.join(5)
    assert [line.split(b" ")[:2] for line in heard] == [[b"GET", b"/x/1/authority"]]


def _answer_all(
    listener: socket.socket, context: ssl.SSLContext, body: bytes, heard: list[bytes]
) -> None:
    """Answer whatever is asked, and remember it."""
    listener.settimeout(2)
    while True:
        try:
            accepted, _ = listener.accept()
        except OSError:
            return
        with context.wrap_socket(accepted, server_side=True) as stream:
            heard.append(stream.recv(65536))
            head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
            stream.sendall(head.encode() + body)


def test_02_a_token_lets_in_the_node_it_was_made_for(door: Door, tmp_path: Path) -> None:
    token = door.invite("mq")

    with pytest.raises(Refused, match="not for mq"):
        joined(door.url, token, NodeName("gf"), tmp_path / "gf")

    assert door.node.peers.peer(NodeName("gf")) is None
    assert any("not for mq" in row.entry.detail for row in door.refusals())


def test_03_a_token_is_used_once(door: Door, tmp_path: Path) -> None:
    token = door.invite("mq")
    joined(door.url, token, NodeName("mq"), tmp_path / "mq")

    with pytest.raises(Refused, match="unknown or was used"):
        joined(door.url, token, NodeName("mq"), tmp_path / "again")


def test_04_a_token_grows_old(door: Door, tmp_path: Path) -> None:
    authority = door.node.home.peer_keys / "authority.pem"
    token, kept = tokens.invite(
        NodeName("x"),
        authority=authority.read_text(),
        now=utc_now() - timedelta(hours=2),
    )
    door.node.peers.invite(kept)

    with pytest.raises(Refused, match="too old"):
        joined(door.url, token, NodeName("x"), tmp_path / "x")


def test_05_a_secret_cannot_be_guessed(door: Door, tmp_path: Path) -> None:
    token = door.invite("mq")
    guess = Token(token.id, base64.urlsafe_b64encode(bytes(16)).decode().rstrip("="), token.pin)

    with pytest.raises(Refused, match="not signed"):
        joined(door.url, guess, NodeName("mq"), tmp_path / "mq")

    assert joined(door.url, token, NodeName("mq"), tmp_path / "mq").node == NodeName("mq")


def test_06_an_assertion_is_used_once(door: Door, mq: Identity) -> None:
    assertion = asserted(mq, ONE)
    assert knock(door, mq, READ, assertion=assertion).status_code == 200

    refused(knock(door, mq, READ, assertion=assertion), door, because="used already")


def test_07_an_assertion_is_for_one_patient(door: Door, mq: Identity) -> None:
    answer = knock(door, mq, READ, assertion=asserted(mq, "patient:h|2"))

    refused(answer, door, because="another patient")


def test_08_a_stolen_assertion_is_worth_nothing(door: Door, mq: Identity, tmp_path: Path) -> None:
    gf = door.enrol("gf", tmp_path / "gf")

    refused(knock(door, gf, READ, assertion=asserted(mq, ONE)), door, because="not signed")


def test_09_an_assertion_is_for_one_node(door: Door, mq: Identity) -> None:
    answer = knock(door, mq, READ, assertion=asserted(mq, ONE, audience="gf"))

    refused(answer, door, because="another node")


def test_10_an_assertion_grows_old(door: Door, mq: Identity) -> None:
    old = asserted(mq, ONE, now=utc_now() - timedelta(seconds=400))

    refused(knock(door, mq, READ, assertion=old), door, because="not of this moment")


def test_11_a_person_cannot_be_changed_on_the_way(door: Door, mq: Identity) -> None:
    said, _, signature = asserted(mq, ONE).partition(".")
    claims = json.loads(base64.urlsafe_b64decode(said + "=="))
    claims["sub"] = "rpps:2"
    changed = base64.urlsafe_b64encode(json.dumps(claims, sort_keys=True).encode()).decode()

    answer = knock(door, mq, READ, assertion=f"{changed.rstrip('=')}.{signature}")

    refused(answer, door, because="not signed")


def test_12_a_partner_who_may_query_does_not_read(door: Door, tmp_path: Path) -> None:
    partner = door.enrol("metro", tmp_path / "metro", may="query")

    refused(knock(door, partner, READ, assertion=asserted(partner, ONE)), door, because="may not")


def test_13_a_purpose_nobody_agreed_to_is_refused(door: Door, mq: Identity) -> None:
    answer = knock(door, mq, READ, assertion=asserted(mq, ONE, purpose=Purpose.QUALITY))

    refused(answer, door, because="purpose")


def test_14_an_opposed_patient_is_read_in_an_emergency_alone(door: Door, mq: Identity) -> None:
    path = f"/x/1/test/read/{OPPOSED}"
    answer = knock(door, mq, path, assertion=asserted(mq, OPPOSED))
    refused(answer, door, because="opposes")

    emergency = asserted(mq, OPPOSED, purpose=Purpose.EMERGENCY)

    assert knock(door, mq, path, assertion=emergency).status_code == 200


def test_15_a_revoked_node_is_out_at_once(door: Door, mq: Identity) -> None:
    archipelago.revoke(door.node, NodeName("mq"), reason="stolen", by="test")

    refused(knock(door, mq, READ, assertion=asserted(mq, ONE)), door, because="revoked")
    refused(knock(door, mq, "/x/1/feed"), door, because="revoked")


def test_16_the_same_name_under_another_authority_is_nobody(
    door: Door, mq: Identity, tmp_path: Path
) -> None:
    evil = certificates.new_authority("archipel gp", now=utc_now())
    key = certificates.new_key()
    request = certificates.request_for(NodeName("mq"), key)
    certificate = evil.issue(request, NodeName("mq"), now=utc_now())
    double = identity_of(NodeName("mq"), certificate, key, mq.authority, tmp_path / "double")

    with pytest.raises((httpx.TransportError, ssl.SSLError)):
        knock(door, double, READ, assertion=asserted(double, ONE))

    until(lambda: any(row.entry.subject == "tls" for row in door.refusals()))


def test_who_shows_no_certificate_gets_no_further_than_the_way_in(door: Door) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE

    for path in ("/x/1/feed", READ):
        answer = httpx.get(f"{door.url}{path}", verify=context, trust_env=False)
        refused(answer, door, because="no node's certificate")


def test_the_open_connections_of_a_revoked_node_are_closed(door: Door, mq: Identity) -> None:
    host, _, port = door.address.partition(":")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.load_verify_locations(cadata=mq.authority)
    context.load_cert_chain(*mq.files)
    with (
        socket.create_connection((host, int(port)), timeout=10) as plain,
        context.wrap_socket(plain) as idle,
    ):
        assert knock(door, mq, "/x/1/feed").status_code == 200
        archipelago.revoke(door.node, NodeName("mq"), reason="stolen", by="test")
        began = time.monotonic()

        with suppress(ConnectionError, ssl.SSLError):
            while idle.recv(4096):
                pass

    assert time.monotonic() - began < 5


def test_who_waits_for_news_when_revoked_is_told_so(door: Door, mq: Identity) -> None:
    def revoke() -> None:
        archipelago.revoke(door.node, NodeName("mq"), reason="stolen", by="test")

    threading.Timer(0.5, revoke).start()

    with pytest.raises((AssertionError, httpx.TransportError)):
        assert knock(door, mq, "/x/1/feed?after=gp.1:1000&wait=20").status_code == 200


def test_a_body_that_does_not_end_is_refused(door: Door) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE

    answer = httpx.post(
        f"{door.url}/x/1/join", content=b"x" * 100_000, verify=context, trust_env=False
    )

    assert answer.status_code == 400


def test_17_a_token_does_not_let_a_node_speak_for_anothers_organisation(
    door: Door, tmp_path: Path
) -> None:
    with pytest.raises(Refused, match="speak for ch-gp, which is at home on gp"):
        joined(door.url, door.invite("mq"), NodeName("mq"), tmp_path / "mq", home_of="ch-gp")

    assert door.node.peers.peer(NodeName("mq")) is None
    assert any("speak for ch-gp" in row.entry.detail for row in door.refusals())


def test_18_a_token_that_names_organisations_covers_no_other(door: Door, tmp_path: Path) -> None:
    token = door.invite("mq", home_of="ch-mq")
    with pytest.raises(Refused, match="speak for ch-autre"):
        joined(door.url, token, NodeName("mq"), tmp_path / "mq", home_of="ch-mq ch-autre")

    joined(door.url, token, NodeName("mq"), tmp_path / "mq", home_of="ch-mq")

    assert door.node.owners.home(TenantId("ch-mq")) == NodeName("mq")
    assert door.node.owners.home(TenantId("ch-gp")) == NodeName("gp")

"""Where a webhook may be sent: nowhere inside the house, whatever a name resolves to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archipel.kernel.errors import Malformed, Refused
from archipel.protocols.webhook.addresses import allowed, networks_of
from archipel.protocols.webhook.courier import HttpCourier
from archipel.results.hooks.model import check_url

PRIVATE = [
    "127.0.0.1",
    "127.8.9.10",
    "10.0.0.5",
    "172.16.3.4",
    "192.168.1.1",
    "169.254.169.254",  # where clouds tell secrets
    "100.64.0.1",
    "0.0.0.0",  # noqa: S104  (nothing is bound: it is refused)
    "224.0.0.1",
    "::1",
    "fe80::1",
    "fd00::17",
    "::ffff:127.0.0.1",
    "2002:7f00:1::",  # 6to4 of 127.0.0.1
]


@pytest.mark.parametrize("address", PRIVATE)
def test_private_and_special_addresses_are_refused(address: str) -> None:
    with pytest.raises(Refused):
        allowed("receiver.test", 443, private=(), resolve=lambda *_: [address])


def test_one_private_address_among_public_ones_refuses_the_name() -> None:
    with pytest.raises(Refused):
        allowed("receiver.test", 443, private=(), resolve=lambda *_: ["93.184.216.34", "10.0.0.1"])


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1::1"])
def test_public_addresses_are_called(address: str) -> None:
    assert str(allowed("r.test", 443, private=(), resolve=lambda *_: [address])) == address


def test_an_operator_may_allow_a_network_and_no_more() -> None:
    private = networks_of("10.1.0.0/16, fd00::/64")

    assert allowed("r", 443, private=private, resolve=lambda *_: ["10.1.2.3"])
    assert allowed("r", 443, private=private, resolve=lambda *_: ["fd00::5"])
    with pytest.raises(Refused):
        allowed("r", 443, private=private, resolve=lambda *_: ["10.2.0.1"])


@given(st.ip_addresses(network="10.0.0.0/8") | st.ip_addresses(network="fc00::/7"))
def test_no_private_address_slips_through(address: object) -> None:
    with pytest.raises(Refused):
        allowed("r", 443, private=(), resolve=lambda *_: [str(address)])


def test_a_name_is_resolved_once_and_that_address_is_called() -> None:
    asked: list[str] = []

    def resolve(host: str, _port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) > 1 else ["192.0.2.1"]

    answer = HttpCourier(resolve=resolve).bring("https://rebind.test/", b"{}", {})

    assert asked == ["rebind.test"]
    assert "private" in answer.reason


@pytest.mark.parametrize(
    "url",
    [
        "http://receiver.test/",
        "ftp://receiver.test/",
        "https://",
        "https://user:word@receiver.test/",
        "https://receiver.test/#part",
        "https://receiver.test/a b",
        "http://127.0.0.1.receiver.test/",
        "https://receiver.test:99999/",
        "https://réceveur.test/",
        "https://receiver.test/" + "a" * 512,
        "file:///etc/passwd",
    ],
)
def test_addresses_that_nothing_is_sent_to(url: str) -> None:
    with pytest.raises(Malformed):
        check_url(url)


@pytest.mark.parametrize(
    "url", ["https://receiver.test/hooks?a=1", "http://127.0.0.1:8080/", "http://localhost/x"]
)
def test_addresses_that_are_taken(url: str) -> None:
    check_url(url)


def test_clear_http_to_another_machine_is_refused_even_in_an_allowed_network() -> None:
    courier = HttpCourier(private=networks_of("10.0.0.0/8"), resolve=lambda *_: ["10.0.0.7"])

    assert "https" in courier.bring("http://localhost/", b"{}", {}).reason


def test_networks_that_are_none_are_refused() -> None:
    with pytest.raises(Malformed):
        networks_of("10.0.0.0/8 nowhere")

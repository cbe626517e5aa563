"""The demonstration's own door: who may turn a line."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

from archipel.app.network.switchboard import HEADER, Switchboard
from archipel.kernel.errors import NotFound, Unavailable
from archipel.testing.demo.door import Door


class Turned:
    """One line."""

    cut = False

    def turn(self, a: str, b: str, *, cut: bool) -> None:
        if {a, b} != {"gf", "mq"}:
            raise NotFound("no such line")
        self.cut = cut


@pytest.fixture
def line() -> Turned:
    return Turned()


@pytest.fixture
def door(line: Turned) -> Iterator[Door]:
    made = Door(
        lines=lambda: [("gf", "mq", line.cut)],
        turn=line.turn,
        state=lambda: {"story": []},
        act=lambda _word: None,
    )
    with made:
        yield made


def posted(door: Door, **headers: str) -> int:
    body = json.dumps({"ends": ["gf", "mq"], "cut": True}).encode()
    request = urllib.request.Request(
        f"http://{door.address}/lines", data=body, headers=headers, method="POST"
    )
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310  (our own door)
            return int(answer.status)
    except urllib.error.HTTPError as refused:
        return refused.code


def test_a_node_cuts_and_heals_a_line(door: Door, line: Turned) -> None:
    board = Switchboard(door.address)
    board.turn("mq", "gf", cut=True)
    assert line.cut
    assert board.lines() == {frozenset(("gf", "mq")): True}
    board.turn("mq", "gf", cut=False)
    assert not line.cut
    with pytest.raises(NotFound):
        board.turn("mq", "gp", cut=True)


def test_a_page_of_another_site_turns_nothing(door: Door, line: Turned) -> None:
    assert posted(door) == 403  # without the header, which asks leave first (CORS)
    assert posted(door, Host="evil.example:80", **{HEADER: "1"}) == 421  # DNS rebinding
    assert not line.cut


def test_the_start_page_lets_nothing_in_from_elsewhere(door: Door) -> None:
    with urllib.request.urlopen(f"http://{door.address}/", timeout=5) as answer:
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert "Archipel" in answer.read().decode()


def test_a_switchboard_that_is_gone_is_said_to_be(door: Door) -> None:
    address = door.address
    door.__exit__()
    with pytest.raises(Unavailable):
        Switchboard(address).lines()

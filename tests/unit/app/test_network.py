"""The network page as the node gathers it."""

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from archipel.app.create import create_node
from archipel.app.health import figures, status_of
from archipel.app.home import Home
from archipel.app.network.keeping import describe
from archipel.app.network.view import network_of
from archipel.app.settings import NodeSettings, PeerSettings, Settings, ways
from archipel.app.wiring import Node
from archipel.exchange.links import Line, LineChange
from archipel.exchange.model import THE_NETWORK, NodeName, Peer, Standing
from archipel.kernel.errors import Malformed
from archipel.stores.sql import facts, lines, peers

NOW = datetime(2026, 11, 24, 14, tzinfo=UTC)
UP = {"peer": "gf", "state": "up", "rtt_ms": 71.0, "goodput_bps": 1e6, "last_error": "secret"}


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    """Open a node with one peer; no process runs."""
    home = Home(tmp_path / "home")
    create_node(home, name="CHU Test", community="martinique")
    with Node.open(home) as opened:
        peer = Peer(
            name=NodeName("gf"),
            address="127.0.0.1:1",
            standing=Standing.ACTIVE,
            authority="0" * 64,
            certificate="",
            since=NOW,
        )
        with opened.database.write() as connection:
            peers.save(connection, peer)
        yield opened


def runs(node: Node, pid: int) -> None:
    """Write down what a peer process with this number would."""
    role = {"pid": pid, "since": NOW.isoformat(), "restarts": 0}
    (node.home.run / "processes.json").write_text(json.dumps({"roles": {"peer": role}}))
    (node.home.run / "links.json").write_text(json.dumps([UP]))


def test_a_line_is_told_as_the_peer_process_wrote_it(node: Node) -> None:
    runs(node, os.getpid())
    (line,) = network_of(node, complete=True).links
    assert (line.state, line.rtt_ms, line.bps) == ("up", 71.0, 1e6)
    assert line.detail is not None
    assert line.detail.last_error == "secret"


@pytest.mark.parametrize(
    ("found", "state", "alarms"),
    [
        ({}, "unknown", []),
        ({"states_withheld": True}, "withheld", []),
        ({"states_compared_at": NOW.isoformat(), "states_since": NOW.isoformat()}, "equal", []),
        (
            {
                "states_compared_at": NOW.isoformat(),
                "states_since": NOW.isoformat(),
                "states_differing": ["request", "study"],
            },
            "differs",
            [("states_differ", NOW, "node gf: request study")],
        ),
    ],
)
def test_whether_a_peer_makes_the_same_of_the_same_facts_is_told_and_alarmed(
    node: Node, found: dict[str, Any], state: str, alarms: list[Any]
) -> None:
    runs(node, os.getpid())
    (node.home.run / "links.json").write_text(json.dumps([UP | found]))
    (line,) = network_of(node, complete=True).links
    assert line.detail is not None
    assert line.detail.states.state == state
    assert line.detail.states.since == (NOW if "states_since" in found else None)
    assert line.detail.states.differing == found.get("states_differing", [])
    told = status_of(node)
    assert [
        (a.code, a.since, a.detail) for a in told.alarms if a.code == "states_differ"
    ] == alarms
    assert ("states_differ" in figures(told)["alarms"]) == bool(alarms)


def test_caps_are_told_with_their_hours_and_whether_they_hold_now(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs(node, os.getpid())
    told = PeerSettings(caps="gf=8@07:00-19:00 */backfill=2 mq=1")
    zone = NodeSettings(time_zone="America/Martinique")
    monkeypatch.setattr(node, "settings", Settings(peer=told, node=zone))
    monkeypatch.setattr(node, "clock", lambda: NOW)  # ten in the morning there
    (line,) = network_of(node, complete=True).links
    assert line.detail is not None
    assert [one.model_dump() for one in line.detail.caps] == [
        {"of_class": None, "bps": 8e6, "since": "07:00", "until": "19:00", "holds": True},
        {"of_class": "backfill", "bps": 2e6, "since": None, "until": None, "holds": True},
    ]
    monkeypatch.setattr(node, "clock", lambda: NOW.replace(hour=23, minute=30))
    (line,) = network_of(node, complete=True).links
    assert line.detail is not None
    assert [one.holds for one in line.detail.caps] == [False, True]


def test_readers_are_not_shown_addresses_and_errors(node: Node) -> None:
    runs(node, os.getpid())
    node.lines.note([LineChange(at=NOW, peer=NodeName("gf"), line=Line.DOWN, detail="secret")])
    view = network_of(node, complete=False)
    assert "secret" not in view.model_dump_json()
    assert "127.0.0.1" not in view.model_dump_json()
    assert [one.state for one in view.journal] == ["down"]


def test_what_a_dead_peer_process_wrote_is_not_believed(node: Node) -> None:
    runs(node, 2**22 + 1)  # beyond the kernel's greatest number
    view = network_of(node, complete=True)
    assert [one.state for one in view.links] == ["unreached"]
    assert {one.what: one.state for one in view.works}["foreign"] == "stopped"
    assert {one.what: one.state for one in view.works}["read"] == "ok"


def test_a_node_says_once_how_it_is_called(node: Node) -> None:
    describe(node)
    describe(node)
    with node.database.read() as connection:
        said = facts.of_kinds(connection, ["node.described"], tenant=THE_NETWORK)
    assert [one.body["community"] for one in said] == ["martinique"]
    assert node.lines.described()["martinique"][0]["sites"] == ["CHU Test"]


def test_the_journal_lets_its_oldest_rows_go(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "KEPT", 3)
    for number in range(5):
        line = Line.DOWN if number % 2 else Line.UP
        node.lines.note([LineChange(at=NOW, peer=NodeName("gf"), line=line, lasted_s=number)])
    assert [one.lasted_s for one in node.lines.recent(limit=10)] == [4, 3, 2]
    last = node.lines.last(NodeName("gf"))
    assert last is not None
    assert last.lasted_s == 4
    assert node.lines.last(NodeName("mq")) is None


def test_a_switchboard_is_for_demonstrations_on_this_machine() -> None:
    for demonstration, address in ((False, "127.0.0.1:9"), (True, "10.0.0.1:9")):
        told = NodeSettings(demonstration=demonstration, switchboard=address)
        with pytest.raises(Malformed, match="switchboard"):
            Settings(node=told).check_doors()
    Settings(node=NodeSettings(demonstration=True, switchboard="127.0.0.1:9")).check_doors()


def test_ways_name_the_address_of_each_peer() -> None:
    assert ways("gp=10.8.0.2:8443, gf=10.8.0.3:8443") == {
        "gp": "10.8.0.2:8443",
        "gf": "10.8.0.3:8443",
    }
    with pytest.raises(Malformed):
        Settings(peer=PeerSettings(via="gp")).check_doors()

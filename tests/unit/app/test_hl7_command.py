"""`archipel hl7` configures who sends, shows what came, and audits every look and deed."""

import json

import pytest
from tests.unit.orders.conftest import order
from typer.testing import CliRunner

from archipel.access.model import AuditQuery
from archipel.app.cli import command
from archipel.app.create import create_node
from archipel.app.hl7.intake import Intake, Received
from archipel.app.home import Home
from archipel.app.wiring import Node
from archipel.kernel.errors import Conflict, Malformed, NotFound
from archipel.orders.model import MessageState
from archipel.testing.access_builders import WEST, organisation, scope_of

SEEN = scope_of(WEST)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    root = tmp_path_factory.mktemp("node") / "home"
    create_node(Home(root), name="TEST", community="test")
    with Node.open(Home(root)) as node:
        node.organisations.add(organisation(WEST))
    return root


@pytest.fixture(scope="module")
def run(home):
    def call(*words: str):
        done = CliRunner().invoke(command, ["hl7", *words, "--home", str(home)])
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        assert done.exit_code == 0, done.output
        return done.output

    return call


def receive(home, *bodies: bytes) -> None:
    with Node.open(Home(home)) as node:
        Intake(node.database, node.clock).take([Received(one, "10.0.0.9") for one in bodies])


def add(run, *more: str) -> str:
    return run("site", "add", "ris", "--organisation", "west", "--sender", "RIS|CHU", *more)


def test_a_site_is_added_changed_listed_and_removed(run) -> None:
    add(run, "--set", "processing=P T", "--rename", "CHU=ISSUER-west")
    add(run)

    (row,) = json.loads(run("site", "list", "--json"))
    assert (row["name"], row["application"], row["processing"]) == ("ris", "RIS", "P")
    run("site", "remove", "ris")
    assert json.loads(run("site", "list", "--json")) == []


@pytest.mark.parametrize(
    "words",
    [
        ("--set", "time-zone=Nowhere"),
        ("--set", "colour=red"),
        ("--set", "processing=X"),
        ("--set", "character-set=EBCDIC"),
        ("--rename", "CHU"),
        ("--sender", ""),
    ],
)
def test_a_site_that_makes_no_sense_is_refused(run, words) -> None:
    with pytest.raises(Malformed):
        add(run, *words)


def test_messages_are_listed_shown_dropped_and_replayed(run, home) -> None:
    add(run)
    receive(home, order(), order(control="2", patient=""), order(accession="X"))
    rows = json.loads(run("list", "--json"))
    by_state = {one["state"]: one["number"] for one in rows}
    assert set(by_state) == {"acted-upon", "refused", "clashed"}
    assert "DUPONT" not in json.dumps(rows)
    assert len(json.loads(run("list", "--json", "--state", "refused"))) == 1

    shown = run("show", str(by_state["acted-upon"]))
    assert "TEST-DUPONT^JEANNE" in shown
    assert "MSA|AA|1" in shown
    run("drop", str(by_state["refused"]), "--reason", "sent again by hand")
    run("replay", str(by_state["acted-upon"]))
    with pytest.raises(Conflict):
        run("replay", str(by_state["clashed"]))
    with pytest.raises(Conflict):
        run("drop", str(by_state["acted-upon"]), "--reason", "no")
    with pytest.raises(NotFound):
        run("show", "999")

    with Node.open(Home(home)) as node:
        states = [one.state for one in node.messages.listed(scope=SEEN)]
        said = node.audit.search(AuditQuery(subject="hl7", door="cli"), scope=SEEN, node=True)
    assert states == [MessageState.CLASHED, MessageState.DROPPED, MessageState.ACTED_UPON]
    assert [one.entry.detail.split()[-1] for one in said if "message" in one.entry.detail] == [
        "replayed",
        "replayed",
        "dropped",
        str(by_state["acted-upon"]),
    ]

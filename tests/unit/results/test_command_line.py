"""`archipel results`: referrers' addresses and the delay, kept per organisation and audited."""

from datetime import timedelta

import pytest
from tests.unit.results.conftest import NORTH, SOUTH
from typer.testing import CliRunner

from archipel.access.model import Action, AuditQuery
from archipel.app.cli import command
from archipel.app.home import Home
from archipel.app.wiring import Node
from archipel.kernel.actors import Actor, ActorKind, Scope
from archipel.testing.furnished import furnish


@pytest.fixture
def home(tmp_path):
    furnish(tmp_path / "home", {"north": [], "south": []})
    return tmp_path / "home"


def told(home, *words):
    at = ("--home", str(home), "--organisation", "north")
    return CliRunner().invoke(command, ["results", *words, *at])


def test_a_referrer_is_known_to_one_organisation_until_removed(home):
    added = told(home, "referrer", "add", "TEST-POMMIER^Guy", "--mail", "g@cabinet.test")
    with Node.open(Home(home)) as node:
        north, south = (node.correspondents.of(tenant=one) for one in (NORTH, SOUTH))
    removed = told(home, "referrer", "remove", "test-pommier^GUY")
    again = told(home, "referrer", "remove", "test-pommier^GUY")

    assert added.exit_code == 0, added.output
    assert [one.mail.value for one in north] == ["g@cabinet.test"]
    assert south == []
    assert removed.exit_code == 0
    assert again.exit_code != 0
    with Node.open(Home(home)) as node:
        scope = Scope(Actor(ActorKind.NODE, "test"), frozenset({NORTH}))
        rows = node.audit.search(
            AuditQuery(action=Action.CHANGE, subject="north", limit=2), scope=scope, node=False
        )
    assert [one.entry.detail for one in rows] == [
        "referrer's address removed: g•••@c•••.test",
        "referrer's address kept: g•••@c•••.test",
    ]


@pytest.mark.parametrize(("days", "after"), [("3", timedelta(days=3)), ("-1", None)])
def test_the_delay_for_patients_is_the_organisations(home, days, after):
    assert told(home, "rule", "--patient-after-days", days).exit_code == 0
    with Node.open(Home(home)) as node:
        assert node.releases.rule(tenant=NORTH).patient_after == after
        assert node.releases.rule(tenant=SOUTH).patient_after == timedelta(days=7)

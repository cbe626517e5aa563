"""`archipel peer`: a node is let in, shares, is listed and is shut out, by commands alone."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.conformance.peer.conftest import Door
from typer.testing import CliRunner

from archipel.app.cli import command
from archipel.app.create import create_node
from archipel.app.home import Home
from archipel.app.wiring import Node
from archipel.kernel.errors import ArchipelError
from archipel.kernel.identifiers import TenantId
from archipel.stores.sql import facts


def ran(*words: str, code: int = 0) -> Any:
    """Run a command; returns its rows, or why it was refused."""
    answer = CliRunner().invoke(command, ["peer", *words, "--json"])
    if code and isinstance(answer.exception, ArchipelError):
        return str(answer.exception)
    assert answer.exit_code == code, answer.output
    return json.loads(answer.output)


@pytest.fixture
def mq(tmp_path: Path) -> Path:
    """Make a node that is in no archipelago."""
    home = Home(tmp_path / "mq")
    create_node(home, name="CH mq", community="mq")
    return home.root


def gp(door: Door) -> str:
    return str(door.node.home.root)


def test_a_node_is_invited_joins_shares_and_is_revoked(door: Door, mq: Path) -> None:
    (given,) = ran("invite", "--home", gp(door), "--node", "mq", "--organisations", "ch-mq")
    assert given["url"] == door.url

    (joined,) = ran("join", given["url"], "--home", str(mq), "--token", given["token"])
    assert joined == {"node": "mq", "keeper": "gp"}
    ran("agree", "mq", "--home", gp(door), "--organisation", "ch-gp", "--may", "query,read")
    ran("agree", "gp", "--home", str(mq), "--organisation", "ch-mq", "--may", "query")

    (row,) = ran("list", "--home", gp(door))
    assert (row["name"], row["standing"], row["home_of"]) == ("mq", "active", "ch-mq")
    assert row["shared"] == "ch-gp: query read"
    (row,) = ran("list", "--home", str(mq))
    assert (row["name"], row["shared"]) == ("gp", "ch-mq: query")

    ran("revoke", "mq", "--home", gp(door), "--reason", "stolen")
    assert ran("list", "--home", gp(door))[0]["standing"] == "revoked"


def test_a_token_serves_once_and_its_own_node(door: Door, mq: Path) -> None:
    (given,) = ran("invite", "--home", gp(door), "--node", "mq", "--organisations", "autre")
    said = ran("join", given["url"], "--home", str(mq), "--token", given["token"], code=1)
    assert "speak for ch-mq" in said


def test_where_an_organisation_is_at_home_is_said_by_the_keeper(door: Door, mq: Path) -> None:
    (given,) = ran("invite", "--home", gp(door), "--node", "mq")
    ran("join", given["url"], "--home", str(mq), "--token", given["token"])
    assert "keeps the authority" in ran(
        "home", "mq", "--home", str(mq), "--organisation", "ch-x", code=1
    )

    ran("home", "mq", "--home", gp(door), "--organisation", "ch-x")

    assert str(door.node.owners.home(TenantId("ch-x"))) == "mq"


def test_a_restored_node_is_told_to_write_in_another_log(door: Door) -> None:
    (row,) = ran("restored", "--home", gp(door))

    assert row["writes_in"].startswith("gp.")
    assert row["writes_in"] != "gp.1"
    with Node.open(door.node.home) as node, node.database.read() as connection:
        assert str(facts.own(connection)) == row["writes_in"]


def test_a_study_that_was_never_announced_cannot_be_recalled(door: Door) -> None:
    words = ("--organisation", "ch-gp", "--study", "1.2.3", "--reason", "test")

    assert "never announced" in ran("recall", "--home", gp(door), *words, code=1)

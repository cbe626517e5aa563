"""`archipel opposition`: recorded, lifted, audited; what is wrong is said."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from archipel.access.model import AuditQuery
from archipel.app.cli import command
from archipel.app.create import create_node
from archipel.app.home import Home
from archipel.app.wiring import Node
from archipel.exchange.fold import policy
from archipel.exchange.model import NodeName
from archipel.kernel.errors import ArchipelError, Conflict, NotFound
from archipel.kernel.identifiers import TenantId
from archipel.stores.sql.facts import of_subjects, open_log

CH = TenantId("ch-test")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    create_node(Home(tmp_path / "home"), name="CH TEST", community="guyane")
    with Node.open(Home(tmp_path / "home")) as node, node.database.write() as connection:
        open_log(connection, NodeName("gy"), now=node.clock())
    return tmp_path / "home"


def said(home: Path, verb: str, patient: str, organisation: str = "ch-test") -> str:
    words = ["opposition", verb, "--home", str(home), "--organisation", organisation, patient]
    answer = CliRunner().invoke(command, [*words, "--reason", "TEST oral"])
    if isinstance(answer.exception, ArchipelError):
        raise answer.exception
    assert answer.exit_code == 0, answer.output
    return answer.output


def test_an_opposition_is_recorded_and_lifted_once_each_and_audited(home: Path) -> None:
    with pytest.raises(Conflict):
        said(home, "lift", "55012")
    assert "nobody" in said(home, "record", "55012")
    with pytest.raises(Conflict):
        said(home, "record", "55012")
    with Node.open(Home(home)) as node:
        issuer = node.organisations.organisation(tenant=CH).issuer
        subject = f"patient:{issuer.namespace}|55012"
        with node.database.read() as connection:
            stated = of_subjects(connection, [subject], kinds=(policy.DENIED, policy.GRANTED))
        assert policy.denied(stated)
        assert [one.body["reason"] for one in stated] == ["TEST oral"]
    said(home, "lift", "55012")
    with Node.open(Home(home)) as node:
        with node.database.read() as connection:
            stated = of_subjects(connection, [subject], kinds=(policy.DENIED, policy.GRANTED))
        assert not policy.denied(stated)
        wanted = AuditQuery()
        told = node.audit.search(wanted, scope=node.office("test").scope, node=True)
    assert {one.entry.detail for one in told} >= {
        "opposition to sharing recorded",
        "opposition to sharing lifted",
    }


def test_an_organisation_that_is_not_at_home_here_records_nothing(home: Path) -> None:
    with pytest.raises(NotFound):
        said(home, "record", "55012", "nobody")

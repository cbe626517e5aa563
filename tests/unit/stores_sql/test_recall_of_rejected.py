"""A study rejected altogether is recalled from other nodes once, and restored there with it."""

from datetime import UTC, datetime
from pathlib import Path

from archipel.archive.model import StudyKey
from archipel.exchange.model import Author, Draft, NodeName
from archipel.exchange.transfer import Withholding
from archipel.kernel.identifiers import TenantId
from archipel.kernel.uid import Uid
from archipel.stores.sql import facts
from archipel.stores.sql.following.withholding import RECALLED, SqlWithholdings
from archipel.stores.sql.migrations import migrate
from archipel.stores.sql.session import open_database

NOW = datetime(2026, 11, 24, 22, 0, tzinfo=UTC)
KEY = StudyKey(TenantId("chu"), Uid("2.25.7"))
QUALITY = Author(subject="system:quality", organisation="chu")
OPERATOR = Author(subject="cli", organisation="chu")


def test_a_recall_is_said_once_and_lifted_by_who_said_it(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'index.db'}")
    migrate(database)
    told = Draft(
        kind="study.available",
        subject=f"study:{KEY.study}",
        tenant=KEY.tenant,
        body={"revision": 1},
        author=Author(subject="system:archive", organisation="chu"),
        patient="patient:chu|TEST-1",
    )
    with database.write() as connection:
        facts.open_log(connection, NodeName("mq"), now=NOW)
        facts.append(connection, told, now=NOW)
    withholdings = SqlWithholdings(database)

    for _ in range(2):  # a fact may be told twice
        withholdings.recall_once(KEY, reason="rejected", author=QUALITY, now=NOW)

    with database.read() as connection:
        stated = facts.of_subject(connection, told.subject, tenant=KEY.tenant)
    assert [one.kind for one in stated].count(RECALLED) == 1
    assert withholdings.why(KEY) is Withholding.RECALLED
    assert withholdings.restore(KEY, author=OPERATOR, now=NOW) == 0
    assert withholdings.restore(KEY, author=QUALITY, now=NOW) == 1
    assert withholdings.why(KEY) is None
    assert withholdings.restore(KEY, author=QUALITY, now=NOW) == 0
    database.close()

"""Deciding what a study says, and undoing it: whatever was decided comes off again."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from archipel.access.model import AuditQuery, Person, Role, Visitor
from archipel.access.policy import GRANTS
from archipel.archive.ingest import ingest
from archipel.archive.model import StudyKey
from archipel.archive.settle import Desk, Kept, settle, undo
from archipel.identity.model import Standing
from archipel.kernel.errors import Conflict, NotFound, Refused
from archipel.kernel.identifiers import TenantId
from archipel.reading.model import ExamId
from archipel.stores.sql.archive.differences import SqlDifferences
from archipel.stores.sql.archive.writer import SqlIndex
from archipel.stores.sql.audit import SqlAudit
from archipel.stores.sql.migrations import migrate
from archipel.stores.sql.reading_exams import SqlExams
from archipel.stores.sql.schema.archive import study
from archipel.stores.sql.session import Database, open_database
from archipel.testing.access_builders import scope_of
from archipel.testing.receipts import Sent, batch, later, study_uid

OUEST = TenantId("ouest")
SCOPE = scope_of(OUEST)
KEY = StudyKey(OUEST, study_uid(1))
DESCRIPTION, NAME, BORN, PATIENT_ID = 0x00081030, 0x00100010, 0x00100030, 0x00100020
VALUES = {
    DESCRIPTION: ["TEST-THORAX", "TEST-ABDOMEN", "TEST-PELVIS"],
    NAME: ["TEST-MARTIN^LÉA1", "TEST-MARTINE^LÉA"],
    BORN: ["19700101", "19700110"],
}


def visitor(role: Role = Role.TECHNOLOGIST, tenant: TenantId = OUEST) -> Visitor:
    person = Person(login="tess", name="TEST Tess", tenant=tenant, role=role)
    return Visitor(
        person=person,
        scope=scope_of(tenant),
        permissions=GRANTS[role],
        csrf=None,
        session=None,
        expires_at=later(9999),
    )


def arrive(database: Database, segment: int, said: dict[int, str]) -> None:
    sent = Sent(instance=segment, header=tuple(said.items()), association=f"a{segment}")
    with SqlIndex(database).transaction() as transaction:
        ingest([batch(segment, [sent])], index=transaction, now=later(segment))


def opened(folder: Path) -> tuple[Database, Desk]:
    database = open_database(f"sqlite:///{folder / 'index.db'}")
    migrate(database)
    return database, Desk(differences=SqlDifferences(database), audit=SqlAudit(database))


def said_of(database: Database) -> object:
    """Give all that the study says, and where it stands, but for counters."""
    with database.read() as connection:
        row = connection.execute(select(study)).one()
    exam = SqlExams(database).exam(ExamId(OUEST, KEY.study), scope=SCOPE, now=later(99))
    return (row.attributes, row.name_id, row.person, row.description, row.moment, exam.identity)


SAID = st.lists(
    st.fixed_dictionaries({tag: st.sampled_from(values) for tag, values in VALUES.items()}),
    min_size=2,
    max_size=4,
)


@given(SAID, st.data())
@settings(max_examples=15, deadline=None)
def test_every_decision_taken_back_leaves_the_study_as_it_was(said, data) -> None:
    with TemporaryDirectory() as folder:
        database, desk = opened(Path(folder))
        for segment, one in enumerate(said, 1):
            arrive(database, segment, one)
        before = said_of(database)
        open_ones = list(desk.differences.open(scope=SCOPE, limit=99))
        decided = []
        for one in data.draw(st.permutations(open_ones)):
            kept = data.draw(st.sampled_from(Kept))
            done = settle(
                KEY, one.tag, one.offered, kept, visitor=visitor(), desk=desk, now=later(50)
            )
            decided.append(done)
            assert done.kept is kept
            if kept is Kept.OFFERED:
                with database.read() as connection:
                    row = connection.execute(select(study)).one()
                assert one.tag != DESCRIPTION or row.description == one.offered
        assert desk.differences.open(scope=SCOPE, limit=99) == []

        for one in reversed(decided):
            undo(KEY, one.tag, one.offered, visitor=visitor(), desk=desk, now=later(60))

        again = desk.differences.open(scope=SCOPE, limit=99)
        assert sorted(map(repr, again)) == sorted(map(repr, open_ones))
        assert said_of(database)[:-1] == before[:-1]
        database.close()


@pytest.fixture
def twice(tmp_path):
    database, desk = opened(tmp_path)
    arrive(database, 1, {DESCRIPTION: "TEST-THORAX"})
    arrive(database, 2, {DESCRIPTION: "TEST-ABDOMEN", NAME: "TEST-OTHER^A", PATIENT_ID: "P9"})
    yield database, desk
    database.close()


def test_two_names_within_a_study_make_its_identity_one_to_check_until_decided(twice) -> None:
    database, desk = twice
    assert said_of(database)[-1] is Standing.CONFLICT

    for tag, offered in ((NAME, "TEST-OTHER^A"), (PATIENT_ID, "P9")):
        settle(KEY, tag, offered, Kept.HELD, visitor=visitor(), desk=desk, now=later(50))

    assert said_of(database)[-1] is Standing.PROVISIONAL


def test_what_lost_does_not_ask_again_when_it_comes_again_and_a_third_value_does(twice) -> None:
    database, desk = twice
    what = {"visitor": visitor(), "desk": desk, "now": later(50)}
    settle(KEY, DESCRIPTION, "TEST-ABDOMEN", Kept.OFFERED, **what)

    arrive(database, 3, {DESCRIPTION: "TEST-THORAX"})
    tags = {one.tag for one in desk.differences.open(scope=SCOPE, limit=9)}
    assert DESCRIPTION not in tags

    arrive(database, 4, {DESCRIPTION: "TEST-PELVIS"})
    (third,) = [
        one for one in desk.differences.open(scope=SCOPE, limit=9) if one.tag == DESCRIPTION
    ]
    assert (third.held, third.offered) == ("TEST-ABDOMEN", "TEST-PELVIS")


def test_whose_study_it_is_is_not_to_be_chosen_here(twice) -> None:
    _, desk = twice

    with pytest.raises(Conflict, match="identity desk"):
        settle(KEY, PATIENT_ID, "P9", Kept.OFFERED, visitor=visitor(), desk=desk, now=later(50))


def test_only_its_own_people_decide_and_each_decision_is_audited_without_the_value(twice) -> None:
    database, desk = twice
    what = {"desk": desk, "now": later(50)}
    with pytest.raises(Refused):
        settle(KEY, NAME, "TEST-OTHER^A", Kept.HELD, visitor=visitor(Role.RADIOLOGIST), **what)
    with pytest.raises(NotFound):
        elsewhere = visitor(tenant=TenantId("est"))
        settle(KEY, NAME, "TEST-OTHER^A", Kept.HELD, visitor=elsewhere, **what)

    settle(KEY, NAME, "TEST-OTHER^A", Kept.HELD, visitor=visitor(), **what)
    undo(KEY, NAME, "TEST-OTHER^A", visitor=visitor(), **what)

    asked = AuditQuery(subject=KEY.study.value, limit=20)
    rows = SqlAudit(database).search(asked, scope=SCOPE, node=False)
    told = [row.entry.detail for row in rows if "attribute" in row.entry.detail]
    assert told == [
        "study attribute 00100010: decision taken back",
        "study attribute 00100010: held value kept",
    ]


def test_an_undo_behind_a_later_choice_is_refused(twice) -> None:
    database, desk = twice
    what = {"visitor": visitor(), "desk": desk, "now": later(50)}
    settle(KEY, DESCRIPTION, "TEST-ABDOMEN", Kept.OFFERED, **what)
    arrive(database, 3, {DESCRIPTION: "TEST-PELVIS"})
    settle(KEY, DESCRIPTION, "TEST-PELVIS", Kept.OFFERED, **what)

    with pytest.raises(Conflict, match="another value"):
        undo(KEY, DESCRIPTION, "TEST-ABDOMEN", **what)

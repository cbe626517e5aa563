"""Whose a study is follows every link and its undoing, on a real database."""

from collections import defaultdict
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from archipel.archive.ingest import ingest
from archipel.identity.model import Link, SourceKey
from archipel.kernel.errors import NotFound
from archipel.kernel.identifiers import Issuer, PatientIdentifier, TenantId
from archipel.reading.model import ExamId
from archipel.stores.sql import outbox
from archipel.stores.sql.archive.writer import SqlIndex
from archipel.stores.sql.identity import SqlPersons
from archipel.stores.sql.migrations import migrate
from archipel.stores.sql.reading_exams import SqlExams
from archipel.stores.sql.schema.archive import study
from archipel.stores.sql.session import Database, open_database
from archipel.testing.access_builders import scope_of
from archipel.testing.receipts import Sent, batch, later, study_uid

OUEST = TenantId("ouest")
SCOPE = scope_of(OUEST)
PATIENT_ID = 0x00100020
NOBODY = 3  # sent without an identifier: each study of it stands alone
PATIENT = st.integers(0, NOBODY)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("link"), PATIENT, PATIENT),
        st.tuples(st.just("unlink"), PATIENT, PATIENT),
        st.tuples(st.just("study"), PATIENT, st.integers(1, 2)),
    ).filter(lambda step: step[0] == "study" or step[1] != step[2]),
    max_size=12,
)


def study_of(patient: int, turn: int) -> int:
    return 10 * patient + turn


def key(patient: int) -> SourceKey:
    value = "" if patient == NOBODY else f"P{patient}"
    identifier = PatientIdentifier(value, Issuer("ouest-ids"))
    return SourceKey.of(identifier, tenant=OUEST, study=study_uid(study_of(patient, 0)))


def arrive(database: Database, segment: int, patient: int, turn: int) -> None:
    sent = Sent(
        study=study_of(patient, turn),
        header=((PATIENT_ID, key(patient).identifier.value),),
        association=f"a{segment}",
    )
    with SqlIndex(database).transaction() as transaction:
        ingest([batch(segment, [sent])], index=transaction, now=later(segment))


def groups(links: set[frozenset[int]]) -> dict[int, frozenset[int]]:
    together = {patient: frozenset({patient}) for patient in range(NOBODY + 1)}
    for pair in links:
        joined = frozenset().union(*(together[one] for one in pair))
        together |= dict.fromkeys(joined, joined)
    return together


@given(STEPS)
@settings(max_examples=12, deadline=None)
def test_studies_priors_and_persons_follow_links_in_whatever_order(steps) -> None:
    with TemporaryDirectory() as folder:
        database = open_database(f"sqlite:///{Path(folder) / 'index.db'}")
        migrate(database)
        persons, segment = SqlPersons(database), count(1)
        links: set[frozenset[int]] = set()
        held = {(patient, 0) for patient in range(NOBODY + 1)}
        for patient, turn in sorted(held):
            arrive(database, next(segment), patient, turn)
        first = {one: persons.source(key(one), scope=SCOPE).person for one in range(NOBODY + 1)}
        for what, one, other in steps:
            pair = frozenset({one, other})
            if what == "study":
                arrive(database, next(segment), one, other)
                held.add((one, other))
            elif what == "link":
                said = Link(one=key(one), other=key(other), by="ida", basis="card", at=later(0))
                persons.link(said, scope=SCOPE)
                links.add(pair)
            else:
                try:
                    persons.unlink(key(one), key(other), by="ida", scope=SCOPE, now=later(0))
                    assert pair in links
                except NotFound:
                    assert pair not in links
                links.discard(pair)

        check(database, groups(links), held)

        for one, other in map(sorted, links):
            persons.unlink(key(one), key(other), by="ida", scope=SCOPE, now=later(0))
        assert {n: persons.source(key(n), scope=SCOPE).person for n in first} == first
        check(database, groups(set()), held)
        database.close()


def check(
    database: Database, together: dict[int, frozenset[int]], held: set[tuple[int, int]]
) -> None:
    """Hold lists, priors and the page of a person against what the links say."""
    persons, exams = SqlPersons(database), SqlExams(database)
    expected = defaultdict(set)
    for patient, turn in held:
        # A study without identifier is its own: only the one that was linked follows.
        own = patient == NOBODY and turn > 0
        owner = (patient, turn) if own else together[patient]
        expected[owner].add(ExamId(OUEST, study_uid(study_of(patient, turn))))
    for owner, theirs in expected.items():
        for exam in theirs:
            shown = exams.exam(exam, scope=SCOPE, now=later(99))
            priors = exams.priors(exam, scope=SCOPE, now=later(99))
            of_person = exams.of_person(shown.person_key, scope=SCOPE, now=later(99))
            assert {one.id for one in priors} == theirs - {exam}
            assert {one.id for one in of_person} == theirs
            assert shown.identity is persons.standings([shown.person])[shown.person]
        if isinstance(owner, frozenset):
            assert {persons.source(key(one), scope=SCOPE).person for one in owner} == {
                shown.person
            }


def test_each_study_that_follows_is_told_of(tmp_path) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'index.db'}")
    migrate(database)
    for segment, patient in ((1, 0), (2, 1)):
        arrive(database, segment, patient, 0)
    said = Link(one=key(0), other=key(1), by="ida", basis="card", at=later(5))

    SqlPersons(database).link(said, scope=SCOPE)

    with database.read() as connection:
        told = outbox.after(connection, 0, limit=50, kinds=["identity.PersonChanged"])
        people = set(connection.scalars(select(study.c.person)))
    assert [one.body["study"]["value"] for one in told] == [study_uid(study_of(1, 0)).value]
    assert len(people) == 1
    database.close()

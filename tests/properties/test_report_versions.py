"""Signed versions: the same set stands the same whatever its order; bytes name one document."""

import itertools
import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archipel.kernel.actors import Actor, ActorKind, Scope
from archipel.kernel.errors import Malformed
from archipel.kernel.identifiers import TenantId
from archipel.reading import canonical
from archipel.reading.document import Choice, Standing, Version
from archipel.reading.events import ReportReceived
from archipel.reading.model import Reader, ReportState, Section, SectionCode, Text
from archipel.reading.versions import fold
from archipel.stores.sql.migrations import migrate
from archipel.stores.sql.reading_documents import SqlDocuments
from archipel.stores.sql.session import open_database
from archipel.testing.exams import drawing, forget_reports, hold
from archipel.testing.reports import kept, report_document

NORTH = TenantId("north")
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
READER = Reader(login="letchimy", name="Dr TEST-LETCHIMY", tenant=NORTH)


@st.composite
def histories(draw: st.DrawFn) -> list[Version]:
    """Draw versions, each written upon some of those before it."""
    made: list[Version] = []
    for number in range(draw(st.integers(1, 6))):
        parents = draw(st.sets(st.sampled_from([v.digest for v in made]))) if made else set()
        undone = draw(st.booleans()) and not parents and draw(st.booleans())
        made.append(
            Version(
                digest=f"{number:064x}",
                state=draw(st.sampled_from(ReportState)),
                parents=tuple(sorted(parents)),
                signer=READER,
                signed_at=NOW + timedelta(minutes=draw(st.integers(0, 3))),
                stale=draw(st.booleans()),
                withdrawn_at=NOW if undone else None,
            )
        )
    return made


@given(histories(), st.randoms())
def test_any_order_of_arrival_stands_the_same(history, random) -> None:
    shuffled = history[:]
    random.shuffle(shuffled)

    assert fold(shuffled) == fold(history)
    assert fold([*shuffled, *history]) == fold(history)  # and arriving twice


@given(histories())
def test_no_version_is_lost_and_none_hides_another_unseen(history) -> None:
    standing = fold(history)
    live = {one.digest: one for one in history if one.live}
    reached, waiting = set(), [one.digest for one in standing.heads]
    while waiting:
        digest = waiting.pop()
        reached.add(digest)
        waiting += [p for p in live[digest].parents if p in live and p not in reached]

    assert {one.digest for one in standing.versions} == {one.digest for one in history}
    assert reached == set(live)  # every version is a head or what a head was written upon
    assert standing.principal is None or standing.principal in standing.heads


@given(histories())
def test_a_version_of_a_lost_lease_never_stands_by_itself(history) -> None:
    standing = fold(history)
    firm = [one for one in history if one.live and not one.stale]

    assert standing.principal is None or not standing.principal.stale
    assert (standing.principal is None) == (not firm)


@given(histories())
def test_two_validated_texts_side_by_side_are_always_flagged(history) -> None:
    standing = fold(history)

    assert standing.contested == (len(standing.heads) > 1)


@given(histories(), st.data())
def test_the_reading_that_answers_a_request_stands_and_nothing_else_changes(history, data) -> None:
    live = [one for one in history if one.live]
    if not live:
        return
    digest = data.draw(st.sampled_from(live)).digest
    settled = data.draw(st.booleans())
    plain, chosen = fold(history), fold(history, choice=Choice(digest=digest, settled=settled))

    assert chosen.heads == plain.heads
    assert chosen.principal is not None
    over = {one.digest: one for one in live}
    reached, waiting = set(), [chosen.principal.digest]
    while waiting:
        named = waiting.pop()
        if named in over and named not in reached:
            reached.add(named)
            waiting.extend(over[named].parents)
    led = any(digest == one.digest or digest in _upstream(one, over) for one in plain.heads)
    assert not led or digest in reached
    assert chosen.contested == (len(chosen.heads) > 1 and not settled)


def _upstream(one, known) -> set[str]:
    found, waiting = set(), list(one.parents)
    while waiting:
        named = waiting.pop()
        if named in known and named not in found:
            found.add(named)
            waiting.extend(known[named].parents)
    return found


@given(histories())
def test_a_choice_of_what_is_not_here_says_nothing(history) -> None:
    assert fold(history, choice=Choice(digest="f" * 64, settled=True)) == fold(history)


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@given(TEXTS, TEXTS, st.booleans(), st.floats(allow_nan=False, allow_infinity=False))
def test_the_bytes_of_a_document_read_back_and_name_it(text, plain, important, value) -> None:
    section = Section(code=SectionCode.FINDINGS, blocks=(Text(text=text),))
    former = report_document()
    nodule = replace(former.sections[3].blocks[1], value=value)
    measured = Section(code=SectionCode.CONCLUSION, blocks=(nodule,))
    document = replace(
        former, sections=(section, measured), plain_words=plain, important=important
    )
    content = canonical.write(document)

    assert canonical.read(content) == document
    assert canonical.write(canonical.read(content)) == content
    assert canonical.digest_of(content) == kept(document).version.digest


WHOLE = canonical.write(report_document())


@settings(max_examples=60)
@given(st.integers(0, len(WHOLE) - 1), st.binary(max_size=3))
def test_damaged_bytes_are_malformed_and_nothing_worse(at, instead) -> None:
    damaged = WHOLE[:at] + instead + WHOLE[at + 1 :]

    try:
        document = canonical.read(damaged)
    except Malformed:
        return
    assert canonical.write(document) == damaged


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> tuple[SqlDocuments, object, object]:
    path: Path = tmp_path_factory.mktemp("versions") / "index.db"
    database = open_database(f"sqlite:///{path}")
    migrate(database)
    exam = drawing(NORTH, now=NOW)()
    hold(database, exam)
    yield SqlDocuments(database), exam.id, database
    database.close()
    shutil.rmtree(path.parent)


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.permutations(range(4)))
def test_the_store_says_the_same_whatever_came_first(documents, order) -> None:
    store, exam, database = documents
    forget_reports(database, exam)
    final = kept(report_document(exam=exam))
    first = kept(
        report_document(exam=exam, state=ReportState.ADDENDUM, parents=(final.version.digest,))
    )
    second = kept(replace(first.document, plain_words="TEST other"))
    stale = kept(report_document(exam=exam, stale=True, plain_words="TEST stale"))
    arriving = [final, first, second, stale]
    for index in order:
        one = arriving[index]
        fact = ReportReceived(
            tenant=exam.tenant,
            at=NOW,
            study=exam.study,
            digest=one.version.digest,
            state=one.version.state.value,
            contested=False,
        )
        assert store.receive(one.document, one.content, fact)
        assert not store.receive(one.document, one.content, fact)  # again changes nothing
    scope = Scope(Actor(ActorKind.PERSON, "letchimy"), frozenset({NORTH}))

    standing: Standing = store.standing(exam, scope=scope)

    addenda = sorted((first, second), key=lambda one: one.version.digest)
    assert standing.principal is not None
    assert standing.principal.digest == addenda[0].version.digest
    assert [one.digest for one in standing.heads] == [
        *(one.version.digest for one in addenda),
        stale.version.digest,
    ]
    assert standing.contested


def test_every_order_of_three_is_one_standing() -> None:
    final = Version(digest="a", state=ReportState.FINAL, parents=(), signer=READER, signed_at=NOW)
    added = replace(final, digest="b", state=ReportState.ADDENDUM, parents=("a",))
    corrected = replace(final, digest="c", state=ReportState.CORRECTED, parents=("a", "b"))

    said = {fold(order) for order in itertools.permutations([final, added, corrected])}

    assert [one.principal.digest for one in said if one.principal] == ["c"]

"""Signing on a real database: checks, leases, undo, release, addendum, a lost lease."""

import random
from base64 import b64encode
from dataclasses import replace
from datetime import timedelta

import pytest

from archipel.access.model import Organisation, Person, Role
from archipel.kernel.aetitle import AETitle
from archipel.kernel.errors import NotFound, Refused
from archipel.kernel.identifiers import Issuer, TenantId
from archipel.kernel.uid import Uid
from archipel.reading import amend, canonical, claim, report, sign
from archipel.reading.errors import (
    ChecksOpen,
    DraftOutdated,
    NothingToAmend,
    ReportClosed,
    ReportTooLong,
    TooLateToUndo,
)
from archipel.reading.events import ReportReleased, ReportSigned
from archipel.reading.model import (
    Content,
    Filters,
    KeyImage,
    Purpose,
    ReportState,
    SavedList,
    Section,
    SectionCode,
    Status,
    Text,
    Window,
)
from archipel.reading.request.carried import PACKED_BYTES, carried, document_of
from archipel.results.events import ResultReleased
from archipel.results.model import ReleaseRule
from archipel.results.publish import publish
from archipel.stores.sql import outbox
from archipel.stores.sql.access import SqlOrganisations
from archipel.stores.sql.reading_documents import SqlDocuments
from archipel.stores.sql.results.links import SqlReleases
from archipel.testing.memory_reading import OpenGate
from archipel.testing.reports import SECTIONS, section

NORTH = TenantId("north")
SIGNER = Person(
    login="letchimy",
    name="Dr TEST-LETCHIMY",
    tenant=NORTH,
    role=Role.RADIOLOGIST,
    rpps="10000023084",
)
WARNINGS = frozenset({"comparison", "identity", "laterality", "important"})


@pytest.fixture
def room(sqlite_room):
    return sqlite_room


@pytest.fixture
def this(room, exam):
    one = exam(person="p1")
    room.given(one)
    return one.id


@pytest.fixture
def desk(room, north, audit):
    SqlOrganisations(room.database).add(
        Organisation(
            key=NORTH,
            name="CHU TEST",
            issuer=Issuer("north"),
            finess="920008059",
            ae_titles=(AETitle("NORTH"),),
        )
    )
    return sign.Desk(
        exams=room.exams,
        drafts=room.drafts,
        documents=SqlDocuments(room.database),
        claims=room.claims,
        organisations=SqlOrganisations(room.database),
        audit=audit,
        scope=north,
        node="mq",
    )


class Reading:
    """One reader at one exam."""

    def __init__(self, this, desk, reader):
        self.exam, self.desk, self.reader = this, desk, reader
        self.fence = 0

    def claims(self, now):
        at = claim.Desk(
            exams=self.desk.exams,
            claims=self.desk.claims,
            audit=self.desk.audit,
            scope=self.desk.scope,
            gate=OpenGate(),
        )
        self.fence = claim.claim(self.exam, self.reader, desk=at, now=now).fence

    def writes(self, now, *sections, over=0, **more):
        at = report.Desk(
            exams=self.desk.exams,
            drafts=self.desk.drafts,
            audit=self.desk.audit,
            scope=self.desk.scope,
        )
        content = Content(sections=sections or SECTIONS, **more)
        saved = report.save(self.exam, content, over=over, reader=self.reader, desk=at, now=now)
        return saved.head.version

    def sees(self, version):
        self.desk.drafts.previewed(
            self.exam, version=version, login=self.reader.login, scope=self.desk.scope
        )

    def signs(self, version, now, **more):
        order = sign.Order(
            version=version, fence=self.fence, accepted=more.pop("accepted", WARNINGS), **more
        )
        return sign.sign(self.exam, order, signer=SIGNER, desk=self.desk, now=now)

    def ready(self, now):
        self.claims(now)
        version = self.writes(now)
        self.sees(version)
        return version


@pytest.fixture
def reading(this, desk, reader):
    return Reading(this, desk, reader)


def exam_of(reading, now):
    return reading.desk.exams.exam(reading.exam, scope=reading.desk.scope, now=now)


def told(room, kind):
    with room.database.read() as connection:
        events = [one.event() for one in outbox.after(connection, 0, limit=1000)]
    return [one for one in events if isinstance(one, kind)]


def to_read(reading, now):
    wanted = Filters(saved_list=SavedList.TO_READ)
    page = reading.desk.exams.page(wanted, scope=reading.desk.scope, now=now)
    return [one.id for one in page.exams]


def test_a_signature_closes_the_lease_and_takes_the_exam_off_the_list(reading, room, now):
    version = reading.ready(now)

    signed = reading.signs(version, now)

    exam = exam_of(reading, now)
    assert (exam.status, exam.claim) == (Status.SIGNED, None)
    assert exam.signed is not None
    assert exam.signed.digest == signed.digest
    assert to_read(reading, now) == []
    assert [one.digest for one in told(room, ReportSigned)] == [signed.digest]
    assert told(room, ReportReleased) == []


def test_without_preview_nothing_is_signed(reading, room, now):
    reading.claims(now)
    version = reading.writes(now)

    with pytest.raises(ChecksOpen) as refused:
        reading.signs(version, now)

    assert refused.value.rules == ("preview",)
    assert told(room, ReportSigned) == []


def test_a_change_after_the_preview_must_be_seen_again(reading, now):
    version = reading.ready(now)
    later = reading.writes(
        now, *SECTIONS[:4], section(SectionCode.CONCLUSION, "Autre."), over=version
    )

    with pytest.raises(ChecksOpen) as refused:
        reading.signs(later, now)

    assert "preview" in refused.value.rules
    with pytest.raises(DraftOutdated):
        reading.signs(version, now)


@pytest.mark.parametrize(
    ("sections", "rule"),
    [
        (SECTIONS[:4], "conclusion"),
        ((*SECTIONS[:4], section(SectionCode.CONCLUSION, "Lésion : [ ]")), "fields"),
        ((*SECTIONS[:4], section(SectionCode.CONCLUSION, "Nodule gauche.")), "laterality"),
    ],
)
def test_a_rule_that_is_not_met_is_named(reading, now, sections, rule):
    reading.claims(now)
    version = reading.writes(now, *sections)
    reading.sees(version)

    with pytest.raises(ChecksOpen) as refused:
        reading.signs(version, now, accepted=frozenset())

    assert rule in refused.value.rules


def test_undone_in_time_the_draft_is_open_and_nobody_was_told(reading, room, now):
    version = reading.ready(now)
    signed = reading.signs(version, now)
    soon = now + timedelta(seconds=9)

    lease = sign.undo(reading.exam, signed.digest, signer=SIGNER, desk=reading.desk, now=soon)

    (fact,) = told(room, ReportSigned)
    assert sign.release(fact, documents=reading.desk.documents, now=now + sign.UNDO) is None
    assert told(room, ReportReleased) == []
    assert lease is not None
    assert lease.fence == reading.fence + 1
    exam = exam_of(reading, soon)
    assert (exam.status, exam.signed) == (Status.CLAIMED, None)
    standing = reading.desk.documents.standing(reading.exam, scope=reading.desk.scope)
    assert [one.withdrawn_at for one in standing.versions] == [soon]  # kept
    reading.fence = lease.fence
    assert reading.signs(version, soon).digest != signed.digest


def test_too_late_or_anothers_nothing_is_undone(reading, now):
    signed = reading.signs(reading.ready(now), now)
    other = replace(SIGNER, login="zobda")

    with pytest.raises(Refused):
        sign.undo(reading.exam, signed.digest, signer=other, desk=reading.desk, now=now)
    with pytest.raises(TooLateToUndo):
        sign.undo(
            reading.exam, signed.digest, signer=SIGNER, desk=reading.desk, now=now + sign.UNDO
        )


def test_released_once_when_its_time_has_come(reading, room, now):
    signed = reading.signs(reading.ready(now), now)
    (fact,) = told(room, ReportSigned)
    documents = reading.desk.documents

    assert sign.release(fact, documents=documents, now=now) == sign.UNDO
    for _ in range(2):
        assert sign.release(fact, documents=documents, now=now + sign.UNDO) is None

    (released,) = told(room, ReportReleased)
    assert (released.digest, released.fence, released.stale) == (
        signed.digest,
        reading.fence,
        False,
    )
    assert released.parents == ()
    assert released.conclusion_length > 0


def test_what_is_released_is_published_once_and_the_patient_after_the_rules_delay(
    reading, room, audit, now
):
    version = reading.signs(reading.ready(now), now)
    (signed,) = told(room, ReportSigned)
    documents, releases = reading.desk.documents, SqlReleases(room.database)

    def published(at):
        return publish(reading.exam, documents=documents, releases=releases, audit=audit, now=at)

    assert published(now) is None  # it can still be undone
    sign.release(signed, documents=documents, now=signed.release_at)
    first = published(signed.release_at)
    again = published(signed.release_at + timedelta(hours=1))

    assert (first.version, first.final) == (version.digest, True)
    assert first.patient_at == version.signed_at + ReleaseRule().patient_after
    assert again == first == releases.release(reading.exam)
    assert [fact.version for fact in told(room, ResultReleased)] == [version.digest]


def test_a_preliminary_is_told_and_the_draft_goes_on(reading, now):
    version = reading.ready(now)

    first = reading.signs(version, now, preliminary=True)
    exam = exam_of(reading, now)
    final = reading.signs(version, now + timedelta(minutes=1))

    assert exam.claim is not None
    assert exam.signed is not None
    assert exam.signed.state is ReportState.PRELIMINARY
    assert final.parents == (first.digest,)
    assert exam_of(reading, now).status is Status.SIGNED


def test_an_addendum_keeps_the_text_and_adds_to_it(reading, room, now):
    first = reading.signs(reading.ready(now), now)
    with pytest.raises(NothingToAmend):  # it can still be undone
        amend.begin(reading.exam, Purpose.ADDENDUM, reading.reader, desk=reading.desk, now=now)
    (fact,) = told(room, ReportSigned)
    now += sign.UNDO
    sign.release(fact, documents=reading.desk.documents, now=now)
    with pytest.raises(ReportClosed):
        reading.writes(now, over=1)
    reading.claims(now)
    draft = amend.begin(reading.exam, Purpose.ADDENDUM, reading.reader, desk=reading.desk, now=now)
    version = reading.writes(
        now, section(SectionCode.ADDENDUM, "Ganglion."), over=draft.head.version
    )
    reading.sees(version)

    added = reading.signs(version, now)

    kept = reading.desk.documents.document(reading.exam, added.digest, scope=reading.desk.scope)
    assert (added.state, added.parents) == (ReportState.ADDENDUM, (first.digest,))
    assert kept.document.sections == SECTIONS
    assert [one.words for one in kept.document.addenda] == ["Ganglion."]
    assert exam_of(reading, now).signed.digest == added.digest


def test_signed_under_a_lost_lease_it_is_kept_beside_and_never_stands(reading, room, other, now):
    version = reading.ready(now)
    at = claim.Desk(
        exams=room.exams,
        claims=room.claims,
        audit=reading.desk.audit,
        scope=reading.desk.scope,
        gate=OpenGate(),
    )
    claim.take_over(reading.exam, other, reason="garde", desk=at, now=now)

    with pytest.raises(ChecksOpen) as refused:
        reading.signs(version, now)
    signed = reading.signs(version, now, accepted=WARNINGS | {"claim"})

    standing = reading.desk.documents.standing(reading.exam, scope=reading.desk.scope)
    assert refused.value.rules == ("claim",)
    assert signed.stale
    assert standing.principal is None
    assert [one.digest for one in standing.heads] == [signed.digest]
    assert exam_of(reading, now).status is Status.CLAIMED  # the other goes on reading


def test_out_of_scope_there_is_nothing(reading, south, now):
    version = reading.ready(now)
    signed = reading.signs(version, now)
    reading.desk = replace(reading.desk, scope=south)

    with pytest.raises(NotFound):
        reading.signs(version, now)
    with pytest.raises(NotFound):
        reading.desk.documents.document(reading.exam, signed.digest, scope=south)


def test_a_long_report_with_many_key_images_is_signed_and_travels(reading, now) -> None:
    reading.claims(now)
    images = tuple(
        KeyImage(
            study=reading.exam.study,
            series=Uid.fresh(),
            sop_instance=Uid.fresh(),
            window=Window(center=40.0, width=400.0),
            caption=f"Lésion {n} du segment {n % 8}, coupe {n * 3}",
        )
        for n in range(60)
    )
    version = reading.writes(now, *lengthened(60), key_images=images)
    reading.sees(version)

    signed = reading.signs(version, now)

    kept = reading.desk.documents.document(reading.exam, signed.digest, scope=reading.desk.scope)
    content = canonical.write(kept.document)
    assert len(content) > 50_000
    (packed,) = carried(content).values()
    assert len(packed) < PACKED_BYTES / 2
    assert document_of({"packed": packed, "document": signed.digest})[1] == content


def test_a_report_that_no_fact_can_carry_is_refused_when_it_is_signed(reading, now) -> None:
    reading.claims(now)
    version = reading.writes(now, *lengthened(1, tail=noise(100_000)))
    reading.sees(version)

    with pytest.raises(ReportTooLong, match="Shorten it, then sign it"):
        reading.signs(version, now)

    assert reading.desk.drafts.current(reading.exam, scope=reading.desk.scope).head.signed is None


def noise(length: int) -> str:
    """Make text that no packing makes shorter than two thirds."""
    return b64encode(random.Random(1).randbytes(length)).decode()[:length]  # noqa: S311  (any)


def lengthened(times: int, *, tail: str = "") -> tuple[Section, ...]:
    """Make the first section as long as a textbook's chapter, no sentence like another."""
    words = (
        "foie",
        "rate",
        "rein",
        "nodule",
        "coupe",
        "axiale",
        "sans",
        "pour",
        "artère",
        "veine",
    )
    chance = random.Random(7)  # noqa: S311  (any words)
    said = " ".join(chance.choice(words) + str(chance.randrange(90)) for _ in range(times * 90))
    first, *others = SECTIONS
    return (replace(first, blocks=(*first.blocks, Text(text=said + tail))), *others)

"""A reading asked before the exam is acquired: two real nodes' stores, attached when it comes."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.unit.stores_sql.test_requests import (
    CITY,
    CITY_READER,
    DOCTOR,
    LYON,
    NOW,
    WEST,
    Island,
    islands,  # noqa: F401  (a fixture)
    scope,
)

from archipel.access.model import AuditEntry
from archipel.kernel.errors import Conflict, Malformed, NotFound, Refused
from archipel.kernel.identifiers import AccessionNumber, Issuer, PatientIdentifier, TenantId
from archipel.reading.model import Exam, ExamId, Urgency
from archipel.reading.request import ask, passing
from archipel.reading.request.awaited import EARLIER, Awaited
from archipel.reading.request.follow import acquired, arrived, changed, placed
from archipel.reading.request.model import (
    Agreement,
    Contact,
    Information,
    Justification,
    Level,
    RequestId,
    Site,
    Stage,
    Verdict,
)
from archipel.stores.sql.following.lending import share
from archipel.stores.sql.reading_exams import SqlExams
from archipel.stores.sql.requests import SqlReadingAgreements
from archipel.testing.exams import drawing, hold

PATIENT = PatientIdentifier("55012", Issuer("gy-issuer"))
NUMBER = AccessionNumber("A-77", PATIENT.issuer)
LATER = NOW + timedelta(minutes=20)
Islands = tuple[Island, Island, Island]


class Trail:
    """`access.ports.Audit` in memory."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def record(self, entries: Sequence[AuditEntry]) -> None:
        self.said += [entry.detail for entry in entries]


def desk_of(home: Island, *, opposed: bool = False) -> ask.Desk:
    site = Site(WEST, "gy", "CH de l'Ouest")
    agreements = SqlReadingAgreements(home.database)
    drawn = Agreement(
        key="mq",
        asking=WEST,
        partner=Site(CITY, "mq", "CHU de Martinique"),
        level=Level.SISTER_REGION,
        modalities=frozenset({"CT"}),
        relief=(Site(LYON, "fr", "Lyon"),),
    )
    agreements.keep(drawn, scope=scope(WEST), now=NOW)
    return ask.Desk(
        requests=home.requests,
        agreements=agreements,
        travel=home.lines,
        exams=SqlExams(home.database),
        opposed=lambda _patient, _tenant: opposed,
        audit=Trail(),
        scope=scope(WEST),
        site=site,
    )


def exam_of(home: Island, study: str, **said: Any) -> Exam:
    """Put an exam of the patient into a node's index."""
    patient: PatientIdentifier = said.pop("patient", PATIENT)
    drawn = drawing(WEST, now=NOW)(
        study=study,
        patient_id=patient.value,
        issuer=patient.issuer.namespace,
        name="TEST-BALISIER^Raymond",
        arrived_at=said.pop("arrived_at", LATER),
    )
    exam = replace(drawn, **said)
    hold(home.database, exam)
    return exam


def prior(home: Island) -> Exam:
    return exam_of(home, "1.2.2", arrived_at=NOW - timedelta(days=400))


def wish(known: Exam, **said: Any) -> ask.Asking:
    about = {
        "person": known.person_key,
        "patient": PATIENT,
        "modality": "CT",
        "procedure": "Angio-scanner cérébral",
        "accession": NUMBER.value,
        **said,
    }
    return ask.Asking(
        exam=Awaited(**about),
        question="Hémiparésie gauche brutale, occlusion proximale ?",
        urgency=Urgency.STAT,
        justification=Justification(reason="urgence vitale"),
        information=Information.DEFERRED,
        contact=Contact(name="Dr Urgences-Test", phone="0594 00 44 17"),
    )


def asked(home: Island, **said: Any) -> RequestId:
    held = ask.place(wish(prior(home), **said), by=DOCTOR, desk=desk_of(home), now=NOW)
    placed(held.request.id, tenant=WEST, here=home.here, now=NOW)
    return held.request.id


def test_an_exam_is_asked_for_before_it_exists_and_travels_when_it_comes(
    islands: Islands,  # noqa: F811  (the fixture)
) -> None:
    gy, mq, _fr = islands
    request = asked(gy)
    waits = gy.of(WEST, request)
    assert (waits.stage, waits.exam, waits.awaits) == (Stage.PLACED, None, True)
    assert waits.request.subject.name == "TEST-BALISIER^Raymond"

    mq.hear(gy)
    before = ExamId(WEST, prior_study := waits.priors[0].study)
    assert prior_study.value == "1.2.2"
    assert mq.images.wanted == [before]  # the prior is there before the scanner has ended

    gy.now = LATER
    exam = exam_of(gy, "1.2.9", accession=NUMBER)
    acquired(exam, here=gy.here, now=LATER)
    acquired(exam, here=gy.here, now=LATER)  # again changes nothing
    held = gy.of(WEST, request)
    assert (held.stage, held.exam) == (Stage.TRAVELLING, exam.id)
    assert held.due - held.request.promised == held.attached_at
    assert held.attached_at is not None
    assert held.attached_at >= LATER

    mq.now = LATER
    mq.hear(gy)
    assert mq.images.wanted == [before, exam.id]
    mq.images.here.add(exam.id)
    arrived(exam.id, here=mq.here, now=LATER)
    gy.hear(mq)
    assert mq.of(CITY, request) == gy.of(WEST, request)
    assert gy.of(WEST, request).stage is Stage.READY
    kinds = [step.kind for step in gy.of(WEST, request).log]
    assert kinds == ["request.placed", "request.attached", "request.arrived"]


@pytest.mark.parametrize(
    "other",
    [
        {"accession": AccessionNumber("A-78", PATIENT.issuer)},
        {"accession": AccessionNumber("A-77", Issuer("elsewhere"))},
        {"accession": NUMBER, "patient": PatientIdentifier("66", PATIENT.issuer)},
        {"accession": None},
    ],
)
def test_nothing_is_attached_by_itself_but_the_same_number_of_the_same_patient(
    islands: Islands,  # noqa: F811  (the fixture)
    other: dict[str, Any],
) -> None:
    gy, _mq, _fr = islands
    request = asked(gy)
    acquired(exam_of(gy, "1.2.9", **other), here=gy.here, now=LATER)
    assert gy.of(WEST, request).awaits


def test_an_exam_is_chosen_by_hand_and_taken_back_with_what_was_lent(
    islands: Islands,  # noqa: F811  (the fixture)
) -> None:
    gy, mq, _fr = islands
    request, desk = asked(gy, accession=""), desk_of(gy)
    wrong, right = exam_of(gy, "1.2.8"), exam_of(gy, "1.2.9")
    stranger = exam_of(gy, "1.2.7", patient=PatientIdentifier("66", PATIENT.issuer))
    offered = ask.awaited_by(gy.of(WEST, request), desk=desk, now=LATER)
    assert {one.id for one in offered} == {wrong.id, right.id}
    with pytest.raises(Refused, match="another person"):
        ask.attach(request, stranger.id, by=DOCTOR, desk=desk, now=LATER)
    with pytest.raises(Conflict, match="no exam was attached"):
        ask.detach(request, by=DOCTOR, desk=desk, now=LATER)

    ask.attach(request, wrong.id, by=DOCTOR, desk=desk, now=LATER)
    mq.hear(gy)
    assert wrong.id in mq.images.wanted
    hold(mq.database, wrong)
    share(mq.database, wrong.id.study, tenant=WEST, to=CITY)
    there = SqlExams(mq.database)
    assert there.exam(wrong.id, scope=scope(CITY), now=LATER)

    ask.detach(request, by=DOCTOR, desk=desk, now=LATER)
    assert gy.of(WEST, request).awaits
    mq.hear(gy)
    assert wrong.id not in mq.images.wanted
    with pytest.raises(NotFound):
        there.exam(wrong.id, scope=scope(CITY), now=LATER)

    ask.attach(request, right.id, by=DOCTOR, desk=desk, now=LATER)
    mq.hear(gy)
    assert mq.images.wanted[-1] == right.id
    assert mq.of(CITY, request) == gy.of(WEST, request)


def test_what_somebody_reads_is_not_taken_back(
    islands: Islands,  # noqa: F811  (the fixture)
) -> None:
    gy, mq, _fr = islands
    request, desk = asked(gy, accession=""), desk_of(gy)
    exam = exam_of(gy, "1.2.3")  # the study that `Island.claims` claims
    ask.attach(request, exam.id, by=DOCTOR, desk=desk, now=LATER)
    mq.hear(gy)
    mq.claims(CITY_READER, 1)
    ask.detach(request, by=DOCTOR, desk=desk, now=LATER)  # the claim is not known here yet
    assert gy.of(WEST, request).exam is None
    gy.hear(mq)
    mq.hear(gy)
    for held in (gy.of(WEST, request), mq.of(CITY, request)):
        assert (held.stage, held.exam) == (Stage.READING, exam.id)
    with pytest.raises(Conflict, match="being read"):
        ask.detach(request, by=DOCTOR, desk=desk, now=LATER)


def test_one_awaited_exam_of_a_kind_is_asked_for_once(
    islands: Islands,  # noqa: F811  (the fixture)
) -> None:
    gy, _mq, _fr = islands
    request, desk = asked(gy), desk_of(gy)
    known = SqlExams(gy.database).of_patient(PATIENT, scope=scope(WEST), now=NOW)[0]
    with pytest.raises(Conflict, match="under way"):
        ask.place(wish(known), by=DOCTOR, desk=desk, now=NOW)
    assert ask.cancel(request, "erreur", by=DOCTOR, desk=desk, now=NOW).stage is Stage.CANCELLED
    assert ask.place(wish(known), by=DOCTOR, desk=desk, now=NOW).awaits


def test_who_may_not_be_asked_about_is_not(
    islands: Islands,  # noqa: F811  (the fixture)
) -> None:
    gy, _mq, _fr = islands
    known = prior(gy)
    desk = desk_of(gy)
    with pytest.raises(NotFound, match="no such identifier"):
        ask.place(
            wish(known, patient=PatientIdentifier("66", PATIENT.issuer)),
            by=DOCTOR,
            desk=desk,
            now=NOW,
        )
    with pytest.raises(Conflict, match="opposes"):
        ask.place(wish(known), by=DOCTOR, desk=desk_of(gy, opposed=True), now=NOW)
    stranger = replace(desk, scope=scope(TenantId("clinique")))
    with pytest.raises(NotFound):
        ask.place(wish(known), by=DOCTOR, desk=stranger, now=NOW)
    for wrong in ({"modality": "scanner"}, {"procedure": " "}, {"accession": "9" * 65}):
        with pytest.raises(Malformed):
            wish(known, **wrong)


def test_what_came_long_before_or_is_asked_for_already_is_not_offered(
    islands: Islands,  # noqa: F811  (the fixture)
) -> None:
    gy, _mq, _fr = islands
    request = asked(gy, accession="")
    exam_of(gy, "1.2.5", arrived_at=NOW - EARLIER - timedelta(minutes=1))
    own = exam_of(gy, "1.2.6")
    desk = desk_of(gy)
    ask.place(replace(wish(own), exam=own.id), by=DOCTOR, desk=desk, now=NOW)
    assert ask.awaited_by(gy.of(WEST, request), desk=desk, now=LATER) == []
    with pytest.raises(Conflict, match="under way"):
        ask.attach(request, own.id, by=DOCTOR, desk=desk, now=LATER)


def test_a_reader_at_home_beside_us_is_handed_it_at_once(
    islands: Islands,  # noqa: F811  (the fixture)
) -> None:
    gy, _mq, _fr = islands
    desk = desk_of(gy)
    near = Agreement(
        key="near",
        asking=WEST,
        partner=Site(TenantId("garde"), "gy", "Garde"),
        level=Level.ON_SITE,
    )
    desk.agreements.keep(near, scope=scope(WEST), now=NOW)
    held = ask.place(wish(prior(gy)), by=DOCTOR, desk=desk, now=NOW)
    assert held.request.partner == near.partner
    exam = exam_of(gy, "1.2.9", accession=NUMBER)
    acquired(exam, here=gy.here, now=LATER)
    changed(held.request.id, tenant=WEST, here=gy.here, now=LATER)
    assert gy.images.handed == [exam.id]
    assert gy.of(WEST, held.request.id).stage is Stage.READY


def test_what_nobody_claims_in_half_its_time_is_passed_on_to_the_next_of_the_ladder(
    islands: Islands,  # noqa: F811  (the fixture)
) -> None:
    gy, mq, fr = islands
    desk = desk_of(gy)
    night = Agreement(
        key="night",
        asking=WEST,
        partner=Site(TenantId("nuit"), "fr", "Lecture de nuit"),
        level=Level.MAINLAND,
    )
    desk.agreements.keep(night, scope=scope(WEST), now=NOW)
    exam = exam_of(gy, "1.2.3")
    held = ask.place(replace(wish(exam), exam=exam.id), by=DOCTOR, desk=desk, now=NOW)
    request, half = held.request.id, held.request.promised / 2
    early, late = NOW + half - timedelta(seconds=1), NOW + half
    assert not passing.unclaimed(held, now=early)
    assert passing.unclaimed(held, now=late)
    with pytest.raises(Conflict, match="not over"):
        passing.pass_on(request, "TEST", by=DOCTOR, desk=desk, now=early)
    with pytest.raises(Malformed):
        passing.pass_on(request, " ", by=DOCTOR, desk=desk, now=late)
    following = passing.next_of(held, desk=desk, now=late)
    assert following is not None
    assert following.site == night.partner

    gy.now = late
    after = passing.pass_on(request, "TEST personne", by=DOCTOR, desk=desk, now=late)
    assert (after.request.partner, after.request.follows) == (night.partner, request)
    assert [(one.site.name, one.verdict) for one in after.request.ladder] == [
        ("CHU de Martinique", Verdict.UNCLAIMED),
        ("Lecture de nuit", Verdict.CHOSEN),
    ]
    assert gy.of(WEST, request).stage is Stage.CANCELLED
    mq.hear(gy)
    fr.hear(gy)
    assert mq.of(CITY, request).reason == "TEST personne"
    assert fr.images.wanted == [exam.id]
    assert mq.images.wanted == []
    with pytest.raises(Conflict, match="no other agreement"):
        passing.pass_on(
            after.request.id, "TEST", by=DOCTOR, desk=desk, now=late + timedelta(hours=1)
        )


def test_what_is_claimed_or_awaits_its_exam_is_not_passed_on(
    islands: Islands,  # noqa: F811  (the fixture)
) -> None:
    gy, mq, _fr = islands
    desk, later = desk_of(gy), NOW + timedelta(hours=1)
    waiting = gy.of(WEST, asked(gy))
    assert not passing.unclaimed(waiting, now=later)
    exam = exam_of(gy, "1.2.3")
    held = ask.place(replace(wish(exam), exam=exam.id), by=DOCTOR, desk=desk, now=NOW)
    mq.hear(gy)
    mq.claims(CITY_READER, 1)
    gy.hear(mq)
    with pytest.raises(Conflict, match="claimed"):
        passing.pass_on(held.request.id, "TEST", by=DOCTOR, desk=desk, now=later)

"""A patient's opposition hides what organisations of one node lent each other, until lifted."""

from tests.unit.stores_sql.test_requests import (
    NOW,
    WEST,
    Island,
    asked,
    islands,  # noqa: F401  (a fixture)
    scope,
)

from archipel.archive.model import Query
from archipel.exchange.oppose import Saying
from archipel.kernel.hierarchy import Level
from archipel.kernel.identifiers import Issuer, PatientIdentifier, TenantId
from archipel.reading.model import ExamId, Filters
from archipel.reading.request import lifecycle
from archipel.reading.request.model import Site
from archipel.reading.request.ports import Telling
from archipel.stores.sql.archive.query import SqlCatalogue
from archipel.stores.sql.following.lending import share, unshare
from archipel.stores.sql.following.withholding import SqlOppositions
from archipel.stores.sql.reading_exams import SqlExams
from archipel.testing.exams import drawing, hold

GUARD, CLINIC = TenantId("garde"), TenantId("clinique")
PATIENT = PatientIdentifier("55012", Issuer("gy-issuer"))
OTHER = PatientIdentifier("55013", Issuer("gy-issuer"))


def exam_of(node: Island, study: str, patient: PatientIdentifier = PATIENT) -> ExamId:
    drawn = drawing(WEST, now=NOW)(
        study=study, patient_id=patient.value, issuer=patient.issuer.namespace
    )
    hold(node.database, drawn)
    return drawn.id


def says(node: Island, *, opposed: bool) -> None:
    said = Saying(
        patient=PATIENT, tenant=WEST, opposed=opposed, reason="oral", login="x", at=node.now
    )
    SqlOppositions(node.database).say(said, tenant=WEST)


def seen(node: Island, exam: ExamId, tenant: TenantId) -> bool:
    """Tell whether any list or door of an organisation shows it; they must agree."""
    page = SqlExams(node.database).page(Filters(), scope=scope(tenant), now=NOW)
    query = Query(matching={0x0020000D: exam.study.value})
    found = list(SqlCatalogue(node.database).find(Level.STUDY, query, scope=scope(tenant)))
    told = {any(one.id == exam for one in page.exams), bool(found)}
    assert len(told) == 1
    return told.pop()


def test_what_was_lent_beside_us_is_hidden_and_given_back(
    islands: tuple[Island, Island, Island],  # noqa: F811  (the fixture)
) -> None:
    node, _mq, _fr = islands
    lent, meanwhile, taken = (exam_of(node, f"1.2.{number}") for number in (5, 6, 7))
    strangers = exam_of(node, "1.2.8", OTHER)
    for exam in (lent, taken, strangers):
        share(node.database, exam.study, tenant=WEST, to=GUARD)
    assert seen(node, lent, GUARD)

    says(node, opposed=True)
    share(node.database, meanwhile.study, tenant=WEST, to=GUARD)  # an open request hands it over
    unshare(node.database, taken.study, tenant=WEST, to=GUARD)
    for exam in (lent, meanwhile, taken):
        assert not seen(node, exam, GUARD)
        assert seen(node, exam, WEST)  # who treats the patient goes on seeing it
    assert seen(node, strangers, GUARD)

    says(node, opposed=False)
    assert [seen(node, one, GUARD) for one in (lent, meanwhile, taken)] == [True, True, False]
    assert not seen(node, lent, CLINIC)


def test_a_request_that_ends_meanwhile_leaves_nothing_to_give_back(
    islands: tuple[Island, Island, Island],  # noqa: F811  (the fixture)
) -> None:
    node, _mq, _fr = islands
    exam = exam_of(node, "1.2.5")
    request = asked(node, exam=exam, priors=(), partner=Site(GUARD, "gy", "Garde"), relief=())
    share(node.database, exam.study, tenant=WEST, to=GUARD)
    says(node, opposed=True)
    back = Telling(kind=lifecycle.CANCELLED, body={"text": "erreur"}, login="x", at=NOW)
    node.requests.tell(request, back, scope=scope(WEST))
    says(node, opposed=False)
    assert not seen(node, exam, GUARD)

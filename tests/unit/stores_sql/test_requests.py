"""A request for reading on two real nodes' stores: asked on one, read on the other."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert

from archipel.exchange.model import Agreement, Capability, NodeName, Purpose
from archipel.exchange.trust import certificates
from archipel.exchange.trust.heads import verifier
from archipel.kernel.actors import Actor, ActorKind, Scope
from archipel.kernel.errors import NotFound
from archipel.kernel.identifiers import Issuer, PatientIdentifier, TenantId
from archipel.kernel.uid import Uid
from archipel.reading import canonical
from archipel.reading.document import Signer
from archipel.reading.events import ClaimChanged
from archipel.reading.model import LEASE, Claim, ExamId, Filters, Reader, SavedList, Urgency
from archipel.reading.request import lifecycle
from archipel.reading.request.body import new_request_id, subject_of, written
from archipel.reading.request.follow import (
    SIGNING_TAKES,
    Here,
    SignedReport,
    arrived,
    facts_came,
    lease_changed,
    placed,
    signed,
)
from archipel.reading.request.model import (
    Contact,
    Information,
    Justification,
    Line,
    Professional,
    Request,
    RequestId,
    Site,
    Stage,
    Standing,
    Subject,
    Way,
)
from archipel.reading.request.ports import Telling
from archipel.stores.sql import facts, peers
from archipel.stores.sql.feed import SqlFacts
from archipel.stores.sql.migrations import migrate
from archipel.stores.sql.peering import homes
from archipel.stores.sql.reading_documents import SqlDocuments
from archipel.stores.sql.reading_exams import SqlExams
from archipel.stores.sql.requests import SqlRequests
from archipel.stores.sql.schema.transfers import provenance
from archipel.stores.sql.session import open_database
from archipel.testing.exams import drawing, hold
from archipel.testing.reports import report_document

NOW = datetime(2026, 11, 24, 2, 40, tzinfo=UTC)
WEST, CITY, LYON = TenantId("ch-ouest"), TenantId("chu-martinique"), TenantId("lyon")
EXAM = ExamId(WEST, Uid("1.2.3"))
DOCTOR = Professional(login="m.urgences", name="Dr Urgences-Test", tenant=WEST)
CITY_READER = Reader(login="j.letchimy", name="Dr Letchimy-Test", tenant=CITY)
LYON_READER = Reader(login="l.martin", name="Dr Martin-Test", tenant=LYON)


class KeptImages:
    """`ports.Wishes` in memory: what was wanted, what is here, who was let in."""

    def __init__(self) -> None:
        self.wanted: list[ExamId] = []
        self.here: set[ExamId] = set()
        self.handed: list[ExamId] = []

    def want(self, exam: ExamId, *, request: Request, reader: TenantId, now: datetime) -> None:
        del request, reader, now
        if exam not in self.wanted:
            self.wanted.append(exam)

    def let_go(self, request: Request, *, now: datetime, but: Collection[ExamId] = ()) -> None:
        del request, now
        self.wanted = [one for one in self.wanted if one in but]

    def is_here(self, exam: ExamId, *, tenant: TenantId) -> bool:
        del tenant
        return exam in self.here

    def hand_over(self, exam: ExamId, *, request: Request, now: datetime) -> None:
        del request, now
        self.handed.append(exam)


class Lines:
    """`ports.Travel` in memory: which lines are cut."""

    def __init__(self, here: str) -> None:
        self.here, self.cut = here, set[str]()

    def line(self, node: str) -> Line:
        return Line(node=node, cut=node in self.cut, since=NOW if node in self.cut else None)

    def way(self, node: str, *, exam: ExamId | None) -> Way:
        del exam
        return Way(reachable=node not in self.cut)


@cache
def authority() -> certificates.Authority:
    return certificates.new_authority("test", now=NOW)


@dataclass(frozen=True)
class Keys:
    certificate: str
    key: str

    def sign(self, content: bytes) -> bytes:
        return certificates.sign(self.key, content)


class Island:
    """One node: its database, its log, what it does by itself."""

    def __init__(self, name: str, path: Path) -> None:
        self.name, self.now = name, NOW
        key = certificates.new_key()
        request = certificates.request_for(NodeName(name), key)
        self.keys = Keys(authority().issue(request, NodeName(name), now=NOW), key)
        self.database = open_database(f"sqlite:///{path}")
        migrate(self.database)
        self.facts = SqlFacts(self.database, clock=lambda: self.now)
        self.requests, self.images = SqlRequests(self.database), KeptImages()
        self.lines = Lines(name)
        self.documents = SqlDocuments(self.database)
        self.here = Here(
            node=name,
            room=self.requests,
            wishes=self.images,
            documents=self.documents,
            travel=self.lines,
        )
        with self.database.write() as connection:
            facts.open_log(connection, NodeName(name), now=NOW)
            homes.settle(connection, [WEST], NodeName("gy"), clock="", now=NOW)
            for peer in ("mq", "fr"):
                agreed = Agreement(
                    home=NodeName("gy"),
                    tenant=WEST,
                    peer=NodeName(peer),
                    capabilities=frozenset({Capability.REQUEST, Capability.REPORT}),
                    purposes=frozenset({Purpose.TREATMENT}),
                )
                peers.keep_agreement(connection, agreed, clock="")

    def hear(self, other: "Island") -> None:
        """Pull what `other` has, and do what falls to this node."""
        batch = other.facts.after(
            self.facts.cursor(), reader=NodeName(self.name), limit=1000, signer=other.keys
        )
        check = verifier(authority().certificate, revoked=lambda _: False)
        taken = self.facts.take(batch, verify=check, now=self.now)
        assert not taken.refused
        for tenant, subject in sorted(taken.subjects, key=str):
            facts_came(subject, tenant=tenant, here=self.here, now=self.now)

    def claims(
        self, reader: Reader, fence: int, *, held: bool = True, reason: str = ""
    ) -> timedelta | None:
        event = ClaimChanged(
            tenant=WEST,
            at=self.now,
            study=EXAM.study,
            login=reader.login,
            held=held,
            fence=fence,
        )
        return lease_changed(event, lease(reader, fence, reason), here=self.here, now=self.now)

    def signs(self, reader: Reader, fence: int, request: RequestId, **said: Any) -> str:
        """Sign and release a report; returns its digest."""
        signer = Signer(
            login=reader.login,
            name=reader.name,
            organisation=reader.tenant,
            organisation_name=reader.tenant.value,
        )
        document = report_document(exam=EXAM, signer=signer, fence=fence, **said)
        content = canonical.write(document)
        report = SignedReport(
            exam=EXAM,
            document=canonical.digest_of(content),
            content=content,
            parents=document.parents,
            status=document.state.value,
            fence=fence,
            stale=document.stale,
            signer=Professional(login=reader.login, name=reader.name, tenant=reader.tenant),
            at=self.now,
        )
        signed(report, request, here=self.here, now=self.now)
        return report.document

    def holds(self, digest: str) -> bytes | None:
        kept = self.documents.of_node(EXAM, digest, tenant=EXAM.tenant)
        return kept.content if kept else None

    def of(self, tenant: TenantId, request: RequestId) -> Standing:
        return self.requests.standing(request, scope=scope(tenant))


def lease(reader: Reader, fence: int, reason: str = "") -> Claim:
    return Claim(
        exam=EXAM, reader=reader, since=NOW, until=NOW + LEASE, fence=fence, reason=reason
    )


def scope(*tenants: TenantId) -> Scope:
    return Scope(Actor(ActorKind.PERSON, "someone"), frozenset(tenants))


@pytest.fixture
def islands(tmp_path: Path) -> Iterator[tuple[Island, Island, Island]]:
    made = [Island(name, tmp_path / f"{name}.db") for name in ("gy", "mq", "fr")]
    yield made[0], made[1], made[2]
    for one in made:
        one.database.close()


def asked(home: Island, **said: Any) -> RequestId:
    request = Request(**{**drawn_request(), **said})
    home.requests.place(request, scope=scope(WEST))
    placed(request.id, tenant=WEST, here=home.here, now=NOW)
    return request.id


def drawn_request() -> dict[str, Any]:
    return {
        "id": new_request_id("gy", now=NOW),
        "asked_by": DOCTOR,
        "asking": Site(WEST, "gy", "CH de l'Ouest"),
        "partner": Site(CITY, "mq", "CHU de Martinique"),
        "subject": Subject(
            name="TEST-BALISIER^Raymond",
            birth_date="19590301",
            sex="M",
            identifier=PatientIdentifier("55012", Issuer("gy-issuer")),
        ),
        "exam": EXAM,
        "priors": (ExamId(WEST, Uid("1.2.2")),),
        "modality": "CT",
        "procedure": "Angio-scanner cérébral",
        "question": "Hémiparésie gauche brutale, occlusion proximale ?",
        "urgency": Urgency.STAT,
        "promised": timedelta(minutes=15),
        "justification": Justification(reason="urgence vitale"),
        "information": Information.DEFERRED,
        "contact": Contact(name="Dr Urgences-Test", phone="0594 00 44 17"),
        "relief": (Site(LYON, "fr", "Lyon"),),
        "ladder": (),
        "override": "",
        "placed_at": NOW,
    }


def test_a_request_is_asked_read_and_acknowledged_over_two_nodes(
    islands: tuple[Island, Island, Island],
) -> None:
    gy, mq, _fr = islands
    request = asked(gy)
    assert gy.of(WEST, request).stage is Stage.TRAVELLING

    mq.hear(gy)
    assert mq.images.wanted == [EXAM, ExamId(WEST, Uid("1.2.2"))]
    mq.images.here.add(EXAM)
    arrived(EXAM, here=mq.here, now=NOW)
    assert mq.images.handed == [EXAM]
    assert mq.of(CITY, request).stage is Stage.READY

    mq.claims(CITY_READER, 1)
    gy.hear(mq)  # and confirms
    mq.hear(gy)
    for standing in (gy.of(WEST, request), mq.of(CITY, request)):
        assert standing.stage is Stage.READING
        assert standing.claim is not None
        assert (standing.claim.reader.login, standing.claim.fence) == ("j.letchimy", 1)

    digest = mq.signs(CITY_READER, 1, request)
    gy.hear(mq)
    content = gy.holds(digest)
    assert content is not None
    assert canonical.digest_of(content) == digest
    assert canonical.read(content).signer.organisation == CITY
    returned = gy.of(WEST, request)
    assert returned.stage is Stage.RETURNED
    assert [answer.principal for answer in returned.answers] == [True]
    seen = Telling(
        kind=lifecycle.ACKNOWLEDGED, body={"by": written(DOCTOR)}, login="m.urgences", at=NOW
    )
    gy.requests.tell(request, seen, scope=scope(WEST))
    mq.hear(gy)
    assert mq.of(CITY, request).stage is Stage.ACKNOWLEDGED
    assert mq.of(CITY, request) == gy.of(WEST, request)


def test_two_readers_who_claim_in_a_cut_leave_one_confirmed_and_both_reports(
    islands: tuple[Island, Island, Island],
) -> None:
    gy, mq, fr = islands
    request = asked(gy)
    for reader in (mq, fr):
        reader.hear(gy)
    mq.claims(CITY_READER, 1)
    fr.claims(LYON_READER, 1)
    city = mq.signs(CITY_READER, 1, request)
    lyon = fr.signs(LYON_READER, 1, request)

    gy.hear(fr)
    gy.hear(mq)
    for reader in (mq, fr):
        reader.hear(gy)

    ends = [gy.of(WEST, request), mq.of(CITY, request), fr.of(LYON, request)]
    assert ends[0] == ends[1] == ends[2]
    (end, *_) = ends
    assert end.conflict
    assert end.claim is not None
    assert end.claim.reader.login == "l.martin"  # the first that home saw
    assert {answer.document: answer.principal for answer in end.answers} == {
        city: False,
        lyon: True,
    }
    for island, theirs in ((gy, city), (gy, lyon), (mq, lyon), (fr, city)):
        assert island.holds(theirs) is not None


def test_a_claim_given_back_without_a_report_opens_the_request_again(
    islands: tuple[Island, Island, Island],
) -> None:
    gy, mq, _fr = islands
    request = asked(gy)
    mq.hear(gy)
    mq.claims(CITY_READER, 1)
    assert mq.claims(CITY_READER, 1, held=False) == SIGNING_TAKES
    event = ClaimChanged(
        tenant=WEST, at=NOW, study=EXAM.study, login="j.letchimy", held=False, fence=1
    )
    later = NOW + SIGNING_TAKES
    assert lease_changed(event, lease(CITY_READER, 1), here=mq.here, now=later) is None
    gy.hear(mq)
    assert gy.of(WEST, request).stage is Stage.TRAVELLING
    assert gy.of(WEST, request).claim is None


def test_who_takes_over_from_a_reader_of_another_node_gets_a_higher_fence(
    islands: tuple[Island, Island, Island],
) -> None:
    gy, mq, fr = islands
    request = asked(gy)
    for reader in (mq, fr):
        reader.hear(gy)
    mq.claims(CITY_READER, 1)
    gy.hear(mq)
    fr.hear(gy)
    fr.claims(LYON_READER, 1, reason="TEST plus de réponse")
    gy.hear(fr)
    taken = gy.of(WEST, request)
    assert taken.claim is not None
    assert (taken.claim.reader.login, taken.claim.fence) == ("l.martin", 2)

    mq.hear(gy)
    late = mq.signs(CITY_READER, 1, request)  # the first had not given up
    answer = fr.signs(LYON_READER, 1, request)
    gy.hear(mq)
    gy.hear(fr)
    fr.hear(gy)
    mq.hear(gy)
    ends = [gy.of(WEST, request), mq.of(CITY, request), fr.of(LYON, request)]
    assert ends[0] == ends[1] == ends[2]
    assert ends[0].conflict
    assert {one.document: one.principal for one in ends[0].answers} == {late: False, answer: True}

    mq.claims(CITY_READER, 2, reason="TEST reprise")  # and back again
    gy.hear(mq)
    back = gy.of(WEST, request).claim
    assert back is not None
    assert (back.claim, back.fence, back.over) == ("mq-2", 3, "fr-1")


def test_who_claims_elsewhere_without_a_reason_takes_nothing_over(
    islands: tuple[Island, Island, Island],
) -> None:
    gy, mq, fr = islands
    request = asked(gy)
    for reader in (mq, fr):
        reader.hear(gy)
    mq.claims(CITY_READER, 1)
    gy.hear(mq)
    fr.hear(gy)
    fr.claims(LYON_READER, 1)
    gy.hear(fr)
    held = gy.of(WEST, request).claim
    assert held is not None
    assert (held.claim, held.fence) == ("mq-1", 1)


def test_a_claim_after_one_that_was_given_back_has_a_higher_fence_and_flags_its_late_report(
    islands: tuple[Island, Island, Island],
) -> None:
    gy, mq, fr = islands
    request = asked(gy)
    for reader in (mq, fr):
        reader.hear(gy)
    mq.claims(CITY_READER, 1)
    gy.hear(mq)
    mq.now += SIGNING_TAKES * 2
    gone = ClaimChanged(
        tenant=WEST, at=NOW, study=EXAM.study, login="j.letchimy", held=False, fence=1
    )
    lease_changed(gone, lease(CITY_READER, 1), here=mq.here, now=mq.now)
    gy.hear(mq)
    fr.hear(gy)
    fr.claims(LYON_READER, 1)
    gy.hear(fr)
    held = gy.of(WEST, request).claim
    assert held is not None
    assert (held.claim, held.fence) == ("fr-1", 2)

    mq.hear(gy)
    late = mq.signs(CITY_READER, 1, request)
    gy.hear(mq)
    found = gy.of(WEST, request)
    assert found.conflict
    assert [(one.document, one.principal) for one in found.answers] == [(late, False)]


def test_images_of_a_request_that_was_taken_back_are_fetched_no_more(
    islands: tuple[Island, Island, Island],
) -> None:
    gy, mq, _fr = islands
    request = asked(gy)
    mq.hear(gy)
    assert mq.images.wanted
    back = Telling(kind=lifecycle.CANCELLED, body={"text": "erreur"}, login="m.urgences", at=NOW)
    gy.requests.tell(request, back, scope=scope(WEST))
    mq.hear(gy)
    assert mq.of(CITY, request).stage is Stage.CANCELLED
    assert mq.images.wanted == []


def test_only_those_who_ask_or_are_asked_see_a_request(
    islands: tuple[Island, Island, Island],
) -> None:
    gy, _mq, _fr = islands
    request = asked(gy)
    stranger = scope(TenantId("clinique"))
    assert gy.requests.board(scope=stranger, now=NOW) == []
    assert gy.requests.of_exam(EXAM, scope=stranger) == []
    with pytest.raises(NotFound):
        gy.requests.standing(request, scope=stranger)
    told = Telling(kind=lifecycle.NOTED, body={"text": "…"}, login="x", at=NOW)
    with pytest.raises(NotFound):
        gy.requests.tell(request, told, scope=stranger)
    assert [one.request.id for one in gy.requests.board(scope=scope(CITY), now=NOW)] == [request]


def test_what_a_node_may_not_state_counts_for_nothing(
    islands: tuple[Island, Island, Island],
) -> None:
    gy, mq, _fr = islands
    request = asked(gy)
    mq.hear(gy)
    before = gy.of(WEST, request)
    lies = (
        Telling(kind=lifecycle.CANCELLED, body={"text": "no"}, login="x", at=NOW),
        Telling(kind="request.confirmed", body={"claim": "mq-1", "fence": 9}, login="x", at=NOW),
        Telling(kind="request.reconciled", body={"principal": "f" * 64}, login="x", at=NOW),
    )
    for lie in lies:
        mq.requests.node_tell(request, lie, tenant=WEST)
    gy.hear(mq)
    after = gy.requests.node_standing(request, tenant=WEST)
    assert after == before == replace(after, log=before.log)
    counting = [one.kind for one in gy.facts.of(subject_of(request), tenant=WEST)]
    assert counting == [lifecycle.PLACED, "request.reconciled"]  # home alone says the others


def test_a_report_under_a_lost_lease_is_shown_flagged_until_somebody_chooses_it(
    islands: tuple[Island, Island, Island],
) -> None:
    gy, mq, _fr = islands
    request = asked(gy)
    mq.hear(gy)
    mq.claims(CITY_READER, 1)
    gy.hear(mq)
    digest = mq.signs(CITY_READER, 1, request, stale=True)
    gy.hear(mq)
    held = gy.of(WEST, request)
    assert (held.stage, held.conflict) == (Stage.READING, True)
    assert [(one.principal, one.stale) for one in held.answers] == [(False, True)]

    chosen = Telling(
        kind="request.reconciled", body={"principal": digest}, login="m.urgences", at=NOW
    )
    after = gy.requests.tell(request, chosen, scope=scope(WEST))
    assert (after.stage, after.conflict) == (Stage.RETURNED, False)


def test_a_report_that_is_not_what_its_fact_names_is_kept_nowhere(
    islands: tuple[Island, Island, Island],
) -> None:
    gy, mq, _fr = islands
    request = asked(gy)
    mq.hear(gy)
    true = canonical.write(report_document(exam=EXAM))
    stranger = canonical.digest_of(true)
    bodies = (
        {"document": "f" * 64, "content": true.decode()},
        {"document": stranger, "content": true.decode()},  # its signer was not asked
        {"document": "e" * 64, "packed": "no"},
        {"document": "d" * 64},
    )
    for body in bodies:
        told = Telling(
            kind="report.signed",
            body={**body, "parents": [], "status": "final", "claim": "mq-1"},
            login="x",
            at=NOW,
        )
        mq.requests.node_tell(request, told, tenant=WEST)
    gy.hear(mq)
    assert [gy.holds(str(body["document"])) for body in bodies] == [None] * len(bodies)


def test_a_long_report_travels_too(islands: tuple[Island, Island, Island]) -> None:
    gy, mq, _fr = islands
    request = asked(gy)
    mq.hear(gy)
    digest = mq.signs(CITY_READER, 1, request, plain_words="Un mot de plus. " * 10_000)
    gy.hear(mq)
    content = gy.holds(digest)
    assert content is not None
    assert len(content) > 100_000


def to_read(island: Island, tenant: TenantId) -> list[ExamId]:
    page = SqlExams(island.database).page(
        Filters(saved_list=SavedList.TO_READ), scope=scope(tenant), now=NOW
    )
    return [exam.id for exam in page.exams]


def test_what_is_asked_for_is_to_be_read_however_old_and_what_came_along_is_not(
    islands: tuple[Island, Island, Island],
) -> None:
    gy, mq, _fr = islands
    draw = drawing(WEST, now=NOW)
    old = draw(study=str(EXAM.study), studied=datetime(2020, 1, 5, 9))  # noqa: DTZ001  (local)
    prior = draw(study="1.2.2", studied=NOW.replace(tzinfo=None))
    hold(gy.database, old)
    hold(mq.database, old, [CITY])
    hold(mq.database, prior, [CITY])
    with mq.database.write() as connection:
        for exam in (old, prior):
            row = {
                "tenant": WEST.value,
                "study_instance_uid": exam.id.study.value,
                "manifest": "0" * 64,
                "from_node": "gy",
                "transfer": "t",
                "revision": 1,
                "size_bytes": 1,
                "at": NOW,
            }
            connection.execute(insert(provenance), row)
    assert (to_read(gy, WEST), to_read(mq, CITY)) == ([], [])

    asked(gy)
    mq.hear(gy)
    assert (to_read(gy, WEST), to_read(mq, CITY)) == ([EXAM], [EXAM])

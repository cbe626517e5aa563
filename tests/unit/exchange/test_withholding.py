"""A recall or an opposition ends transfers and hides copies, at once, and can be lifted."""

from datetime import timedelta

import pytest
from tests.unit.exchange.conftest import AWAY, HOME, shared_entirely
from tests.unit.exchange.test_spool_and_adoption import carry

from archipel.access.model import AuditQuery
from archipel.archive.model import Query, StudyKey
from archipel.exchange import oppose
from archipel.exchange.fold.policy import DENIED, GRANTED
from archipel.exchange.model import Author, Draft, NodeName
from archipel.exchange.schedule import TransferClass
from archipel.exchange.transfer import TransferState, Withholding
from archipel.exchange.trust import certificates
from archipel.exchange.trust.heads import verifier
from archipel.exchange.want import Wish, want
from archipel.kernel.actors import Actor, ActorKind, Scope
from archipel.kernel.errors import Refused
from archipel.kernel.hierarchy import Level
from archipel.kernel.identifiers import Issuer, PatientIdentifier
from archipel.reading.model import ExamId, Filters, SavedList
from archipel.stores.sql.archive.totals import SqlTotals
from archipel.stores.sql.audit import SqlAudit
from archipel.stores.sql.facts import append
from archipel.stores.sql.feed import SqlFacts
from archipel.stores.sql.following import withholding
from archipel.stores.sql.reading_exams import SqlExams

READER = Scope(Actor(ActorKind.PERSON, "lecteur"), frozenset({AWAY}))


class Feed:
    """What `reader` hears of `source`, signed as on the wire."""

    def __init__(self, source, reader) -> None:
        self.source, self.reader = source, reader
        began = source.now - timedelta(days=1)
        authority = certificates.new_authority("test", now=began)
        self._key = certificates.new_key()
        request = certificates.request_for(NodeName(source.name), self._key)
        self.certificate = authority.issue(request, NodeName(source.name), now=began)
        self._check = verifier(authority.certificate, revoked=lambda _: False)
        self._theirs = SqlFacts(source.database, clock=lambda: source.now)
        self._ours = SqlFacts(reader.database, clock=lambda: reader.now)

    def sign(self, content: bytes) -> bytes:
        return certificates.sign(self._key, content)

    def heard(self) -> None:
        batch = self._theirs.after(
            self._ours.cursor(), reader=NodeName(self.reader.name), limit=1000, signer=self
        )
        assert not self._ours.take(batch, verify=self._check, now=self.reader.now).refused


@pytest.fixture
def feed(source, reader) -> Feed:
    source.hear_of(reader)
    shared_entirely(source, reader)
    return Feed(source, reader)


def fetched(source, reader, key: StudyKey, *, only: int | None = None):
    """Fetch a study, or begin to."""
    wish = Wish(
        study=key,
        from_node=source.name,
        of_class=TransferClass.ROUTINE,
        reason="test",
        wanted_by=AWAY,
    )
    held = want(wish, transfers=reader.transfers, owners=reader.owners, now=reader.now)
    manifest = source.offered(key)
    spool = reader.spool()
    reader.transfers.planned(held.id, manifest, done_bytes=0, now=reader.now)
    carry(source, spool, held.id, manifest, only=only)
    if only is None:
        spool.adopt(held.id, manifest)
        reader.transfers.happened(held.id, "all-whole", now=reader.now)
        assert reader.adopter()
    spool.close()
    return held


def listed(reader, key: StudyKey) -> bool:
    """Tell whether any list or door shows it; they must agree."""
    exams = SqlExams(reader.database)
    page = exams.page(Filters(saved_list=SavedList.ALL, login="x"), scope=READER, now=reader.now)
    asked = Query(matching={0x0020000D: key.study.value})
    told = {
        any(one.id == ExamId(key.tenant, key.study) for one in page.exams),
        bool(list(reader.catalogue.find(Level.STUDY, asked, scope=READER))),
        bool(list(reader.catalogue.instances(scope=READER, study=key.study))),
    }
    assert len(told) == 1
    return told.pop()


def patient_of(source, key: StudyKey) -> str:
    (told,) = SqlFacts(source.database, clock=lambda: source.now).of(
        f"study:{key.study}", tenant=HOME
    )
    return told.patient


def state(node, kind: str, subject: str, tenant, **body: object) -> str:
    draft = Draft(
        kind=kind, subject=subject, tenant=tenant, body=body, author=Author(subject="test")
    )
    with node.database.write() as connection:
        return withholding.state(connection, draft, now=node.now).hash


def test_a_recalled_study_disappears_from_every_list_and_is_not_deleted(
    source, reader, feed: Feed
) -> None:
    key = source.study()
    fetched(source, reader, key)
    feed.heard()
    assert listed(reader, key)

    with source.database.write() as connection:
        author = Author(subject="archiviste")
        said = withholding.recall(
            connection, key, reason="wrong patient", author=author, now=source.now
        )
    feed.heard()

    assert not listed(reader, key)
    assert SqlTotals(reader.database).totals().instances == 3  # what the law needs stays
    assert reader.provenance.of(key)
    with pytest.raises(Refused, match="recalled"):
        fetched(source, reader, key)

    state(source, "object.restored", said.subject, HOME, of=said.hash)
    feed.heard()
    assert listed(reader, key)


def test_an_opposition_ends_a_running_transfer_and_hides_the_copies(
    source, reader, feed: Feed
) -> None:
    here, coming = source.study(), source.study()
    fetched(source, reader, here)
    source.offered(coming)
    feed.heard()
    under_way = fetched(source, reader, coming, only=2)

    state(source, DENIED, patient_of(source, here), HOME, by="patient")
    feed.heard()

    ended = reader.transfers.get(under_way.id, scope=READER)
    assert (ended.state, ended.detail) == (TransferState.CANCELLED, Withholding.OPPOSED.value)
    assert not listed(reader, here)
    with source.database.read() as connection:  # the source refuses as well
        assert withholding.withholding(connection, here) is Withholding.OPPOSED

    state(source, GRANTED, patient_of(source, here), HOME, by="patient")
    feed.heard()
    assert listed(reader, here)


def test_what_a_patient_says_at_a_desk_hides_every_copy_until_it_is_taken_back(
    source, reader, feed: Feed
) -> None:
    key = source.study()
    fetched(source, reader, key)
    feed.heard()
    issuer, _, value = patient_of(source, key).removeprefix("patient:").partition("|")
    patient = PatientIdentifier(value, Issuer(issuer))
    audit = SqlAudit(source.database)
    desk = oppose.Desk(
        oppositions=withholding.SqlOppositions(source.database),
        audit=audit,
        scope=Scope(Actor(ActorKind.PERSON, "secretaire"), frozenset({HOME})),
        door="test",
    )
    for opposed in (True, False):
        oppose.say(patient, tenant=HOME, opposed=opposed, reason="oral", desk=desk, now=source.now)
        feed.heard()
        assert listed(reader, key) is not opposed
    told = audit.search(AuditQuery(actor="secretaire"), scope=desk.scope, node=False)
    assert [one.entry.detail for one in told] == [
        "opposition to sharing lifted",
        "opposition to sharing recorded",
    ]


def test_a_word_that_comes_before_the_study_keeps_it_out(source, reader, feed: Feed) -> None:
    key = source.study()
    with source.database.write() as connection:
        recalled = Draft(
            kind=withholding.RECALLED,
            subject=f"study:{key.study}",
            tenant=HOME,
            body={"reason": "test"},
            author=Author(subject="t"),
        )
        append(connection, recalled, now=source.now)
    feed.heard()

    with pytest.raises(Refused, match="recalled"):
        fetched(source, reader, key)


def test_a_recall_by_a_node_that_is_not_the_home_hides_nothing(source, reader, feed: Feed) -> None:
    key = source.study()
    fetched(source, reader, key)
    feed.heard()

    state(reader, withholding.RECALLED, f"study:{key.study}", HOME, reason="lie")

    assert listed(reader, key)


def test_who_treats_the_patient_at_home_goes_on_seeing_them(source, reader, feed: Feed) -> None:
    key = source.study()
    source.offered(key)
    state(source, DENIED, patient_of(source, key), HOME, by="patient")

    home = Scope(Actor(ActorKind.PERSON, "radiologue"), frozenset({HOME}))
    assert list(source.catalogue.instances(scope=home, study=key.study))

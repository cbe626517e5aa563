"""`archive.ports.Catalogue` on the index, on SQLite and on PostgreSQL (PS3.4 C.2.2, C.6)."""

import pytest
from sqlalchemy import insert, update

from archipel.archive.ingest import ingest
from archipel.archive.model import JournalPlace, Match, PackPlace, Query, Sealed, SeriesKey
from archipel.kernel.actors import Actor, ActorKind, Scope
from archipel.kernel.errors import Conflict, Malformed
from archipel.kernel.hierarchy import Level
from archipel.kernel.identifiers import TenantId
from archipel.stores.sql.archive.query import SqlCatalogue
from archipel.stores.sql.archive.seal import SqlSealIndex
from archipel.stores.sql.archive.streaming import pages
from archipel.stores.sql.archive.writer import SqlIndex
from archipel.stores.sql.following.lending import share
from archipel.stores.sql.schema import archive as tables
from archipel.stores.sql.schema.archive import withheld_study
from archipel.stores.sql.session import Database
from archipel.testing.receipts import (
    ABSENT,
    Sent,
    batch,
    instance_uid,
    later,
    seal_as_is,
    series_uid,
    study_uid,
)

OUEST, EST, SUD = TenantId("ouest"), TenantId("est"), TenantId("sud")
STUDY, SERIES, INSTANCE = 0x0020000D, 0x0020000E, 0x00080018


def scope(*tenants: TenantId) -> Scope:
    return Scope(Actor(ActorKind.PERSON, "lecteur"), frozenset(tenants or (OUEST,)))


class Node:
    """An index to fill and to ask."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.catalogue = SqlCatalogue(database)
        self._segment = 0

    def take(self, *instances: Sent) -> None:
        self._segment += 1
        with SqlIndex(self.database).transaction() as transaction:
            ingest([batch(self._segment, instances)], index=transaction, now=later(0))

    def find(self, level: Level, keys: dict[int, str], *tenants: TenantId, **more) -> list[Match]:
        query = Query(matching=keys, **more)
        return list(self.catalogue.find(level, query, scope=scope(*tenants)))

    def studies(self, keys: dict[int, str], *tenants: TenantId, **more) -> list[str]:
        return [m.attributes[STUDY] for m in self.find(Level.STUDY, keys, *tenants, **more)]

    def seal(self, study: int = 1, series: int = 1) -> Sealed:
        key = SeriesKey(OUEST, study_uid(study), series_uid(study, series))
        return seal_as_is(SqlSealIndex(self.database), key, now=later(60))


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def node(request: pytest.FixtureRequest) -> Node:
    return Node(request.getfixturevalue(f"{request.param}_database"))


def uids(*numbers: int) -> list[str]:
    return [study_uid(number).value for number in numbers]


def at(date: str, time: str = "") -> tuple[tuple[int, str], ...]:
    return ((0x00080020, date), (0x00080030, time))


def named(name: str) -> tuple[tuple[int, str], ...]:
    return ((0x00100010, name),)


def test_studies_come_newest_first_and_by_pages(node: Node) -> None:
    node.take(
        Sent(study=1, header=at("20260101", "0900")),
        Sent(study=2, header=at("20260102", "")),
        Sent(study=3, header=at("20260101", "100000.5")),
        Sent(study=4, header=at("", "")),
    )

    assert node.studies({}) == uids(2, 3, 1, 4)
    assert node.studies({}, limit=2) == uids(2, 3)
    assert node.studies({}, limit=2, offset=1) == uids(3, 1)
    assert node.studies({}, limit=9, offset=3) == uids(4)


KEYS = [
    (0x0020000D, study_uid(2).value, [2]),
    (0x0020000D, f"{study_uid(2)}\\{study_uid(1)}", [2, 1]),
    (0x00100020, "P1", [1]),
    (0x00100020, "p1", []),
    (0x00100020, "P*", [3, 2, 1]),
    (0x00100020, "?1", [1]),
    (0x00080050, "ACC3", [3]),
    (0x00080020, "20260102", [2]),
    (0x00080020, "20260102-", [3, 2]),
    (0x00080020, "-20260102", [2, 1]),
    (0x00080020, "20260101-20260102", [2, 1]),
    (0x00080030, "1000-1159", [2]),
    (0x00100030, "19500101-19691231", [2]),
    (0x00100010, "test-martin^lea", [1]),
    (0x00100010, "TEST-MARTIN*", [3, 1]),
    (0x00100010, "*ÉA", [1]),
    (0x00100010, "TEST-MARTIN", []),
    (0x00100010, "山田^太郎", [2]),
    (0x00100010, "山田*", [2]),
    (0x00081030, "TEST-THORAX", [3, 2, 1]),
    (0x00081030, "*ABDO*", []),
    (0x00080061, "MR", [2]),
    (0x00080061, "MR\\SR", [3, 2]),
    (0x00080061, "M?", [2]),
    (0x00100021, "ouest-ids", [3, 2, 1]),
    (0x00101030, "70", [3]),
    (0x00321060, "*", [3, 2, 1]),
    (0x00181030, "NO SUCH LEVEL", [3, 2, 1]),
    (0x00100020, "[P]1", []),
    (0x00100020, "%1", []),
]


def test_keys_match(node: Node) -> None:
    node.take(
        Sent(study=1, header=(*at("20260101", "0900"), *named("TEST-Martin^Léa"))),
        Sent(
            study=2,
            header=(
                *at("20260102", "1130"),
                *named("TEST-YAMADA^TARO=山田^太郎"),
                (0x00080060, "MR"),
                (0x00100030, "19600101"),
            ),
        ),
        Sent(
            study=3,
            header=(
                *at("20260103", "2000"),
                *named("TEST-MARTINEZ^ANA"),
                (0x00101030, "70"),
                (0x00080060, "SR"),
            ),
        ),
    )

    for tag, key, expected in KEYS:
        assert node.studies({tag: key}) == uids(*expected), f"{tag:08X}={key}"


def test_fuzzy_names_match_by_the_beginnings_of_words(node: Node) -> None:
    node.take(
        Sent(study=1, header=named("TEST-LE GOFF^ANNE MARIE")),
        Sent(study=2, header=named("TEST-MARIE^ANNE")),
    )

    assert set(node.studies({0x00100010: "mar ann"}, fuzzy=True)) == set(uids(1, 2))
    assert node.studies({0x00100010: "goff"}, fuzzy=True) == uids(1)
    assert node.studies({0x00100010: "off"}, fuzzy=True) == []


def test_a_date_that_is_none_is_refused(node: Node) -> None:
    with pytest.raises(Malformed):
        node.studies({0x00080020: "yesterday"})


def test_a_study_tells_its_counts_and_modalities(node: Node) -> None:
    node.take(
        Sent(),
        Sent(instance=2),
        Sent(series=2, header=((0x00080060, "SR"),)),
        Sent(study=2, header=((0x00100020, "P1"),)),
    )
    wanted = frozenset({0x00080062, 0x00201200, 0x00201202, 0x00201204})

    (match,) = node.find(Level.STUDY, {STUDY: study_uid(1).value}, wanted=wanted)

    said = match.attributes
    assert said[0x00080061] == "CT\\SR"
    assert (said[0x00201206], said[0x00201208]) == ("2", "3")
    assert said[0x00080062] == "1.2.840.10008.5.1.4.1.1.2"
    assert (said[0x00201200], said[0x00201202], said[0x00201204]) == ("2", "3", "4")
    assert said[0x00080056] == "ONLINE"
    assert said[0x00100021] == "ouest-ids"
    assert match.tenant == OUEST


def test_series_are_found_with_what_is_said_of_their_study(node: Node) -> None:
    node.take(Sent(series=10), Sent(series=9), Sent(series=9, instance=2), Sent(study=2))

    found = node.find(Level.SERIES, {STUDY: study_uid(1).value})

    assert [m.attributes[SERIES] for m in found] == [
        series_uid(1, 9).value,
        series_uid(1, 10).value,
    ]
    assert found[0].attributes[0x00201209] == "2"
    assert found[0].attributes[0x00100020] == "P1"
    assert [m.attributes[SERIES] for m in node.find(Level.SERIES, {0x00200011: "10"})] == [
        series_uid(1, 10).value
    ]
    assert len(node.find(Level.SERIES, {0x00080060: "CT", 0x00100020: "P2"})) == 1
    assert len(node.find(Level.SERIES, {0x0008103E: "TEST-SERIE 9"})) == 1
    assert len(node.find(Level.SERIES, {}, limit=2, offset=2)) == 1


def test_instances_are_found_alike_before_and_after_sealing(node: Node) -> None:
    node.take(*(Sent(instance=n) for n in (10, 9, 1)), Sent(series=2, instance=1))
    keys = [
        {STUDY: study_uid(1).value},
        {SERIES: series_uid(1, 1).value, 0x00200013: "9"},
        {INSTANCE: f"{instance_uid(1, 1, 10)}\\{instance_uid(1, 2, 1)}"},
        {0x00280010: "512", 0x00100020: "P1"},
    ]

    before = [node.find(Level.IMAGE, key) for key in keys]
    node.seal()
    after = [node.find(Level.IMAGE, key) for key in keys]

    assert [[m.attributes[0x00200013] for m in found] for found in before] == [
        ["1", "9", "10", "1"],
        ["9"],
        ["10", "1"],
        ["1", "9", "10", "1"],
    ]
    assert after == before


def test_patients_are_identifiers_with_their_issuer(node: Node) -> None:
    other_issuer = ((0x00100020, "P1"), (0x00100021, "ailleurs"))
    node.take(
        Sent(study=1),
        Sent(study=2, header=((0x00100020, "P1"),)),
        Sent(study=3, header=other_issuer),
        Sent(study=4, header=((0x00100020, ABSENT),)),
    )

    found = node.find(Level.PATIENT, {0x00100020: "P1"}, wanted=frozenset({0x00201200}))

    assert [(m.attributes[0x00100021], m.attributes[0x00201200]) for m in found] == [
        ("ailleurs", "1"),
        ("ouest-ids", "2"),
    ]
    assert STUDY not in found[0].attributes
    assert len(node.find(Level.PATIENT, {})) == 2


def test_another_organisation_sees_nothing_at_any_level(node: Node) -> None:
    node.take(Sent())

    for level in Level:
        assert node.find(level, {}, EST) == []
        assert node.catalogue.count(level, Query(matching={}), scope=scope(EST)) == 0
    assert node.catalogue.page(Query(matching={}), scope=scope(EST)).entries == []
    assert node.catalogue.instances(scope=scope(EST), study=study_uid(1)) == []
    assert node.catalogue.instances(scope=scope(EST), patient_id="P1") == []
    assert node.catalogue.instances(scope=scope(EST), sop_instance=instance_uid(1, 1, 1)) == []


def test_a_scope_of_no_organisation_sees_nothing(node: Node) -> None:
    node.take(Sent())
    nobody = Scope(Actor(ActorKind.PERSON, "personne"), frozenset())

    assert list(node.catalogue.find(Level.STUDY, Query(matching={}), scope=nobody)) == []
    assert node.catalogue.page(Query(matching={}), scope=nobody).entries == []
    assert node.catalogue.instances(scope=nobody, study=study_uid(1)) == []


def test_a_shared_study_is_seen_at_every_level(node: Node) -> None:
    node.take(Sent(study=1), Sent(study=2))

    share(node.database, study_uid(1), tenant=OUEST, to=EST)

    for level in Level:
        assert len(node.find(level, {}, EST)) == 1
    (entry,) = node.catalogue.page(Query(matching={}), scope=scope(EST)).entries
    assert entry.shared
    assert entry.match.tenant == OUEST
    assert len(node.catalogue.instances(scope=scope(EST), study=study_uid(1))) == 1
    assert node.catalogue.instances(scope=scope(EST), study=study_uid(2)) == []


def test_a_study_that_both_hold_is_shown_once_its_own_copy_first(node: Node) -> None:
    node.take(Sent(), Sent(instance=2), Sent(tenant="est"))
    share(node.database, study_uid(1), tenant=OUEST, to=EST)

    (own,) = node.find(Level.STUDY, {}, EST)
    (first,) = node.find(Level.STUDY, {}, OUEST, EST)

    assert own.tenant == EST
    assert first.tenant == OUEST
    assert len(node.find(Level.IMAGE, {}, EST)) == 1
    assert len(node.catalogue.instances(scope=scope(OUEST, EST), study=study_uid(1))) == 2


@pytest.mark.parametrize("tenants", [(OUEST,), (EST,), (SUD,), (OUEST, EST), (OUEST, EST, SUD)])
@pytest.mark.parametrize("keys", [{}, {0x00080020: "20260302"}, {0x00080061: "CT"}])
def test_what_is_counted_is_what_is_found(
    node: Node, tenants: tuple[TenantId, ...], keys: dict[int, str]
) -> None:
    """Own, shared, held twice, withheld, rejected: a count may look at other columns."""
    node.take(*(Sent(study=n) for n in (1, 2, 3, 4)))
    node.take(Sent(study=1, tenant="est"), Sent(study=5, tenant="est", header=at("20260101")))
    node.take(*(Sent(study=n, tenant="sud") for n in (2, 6)))
    for study, owner, to in ((1, OUEST, EST), (1, OUEST, SUD), (1, EST, SUD), (2, OUEST, EST)):
        share(node.database, study_uid(study), tenant=owner, to=to)
    share(node.database, study_uid(4), tenant=OUEST, to=EST)
    with node.database.write() as connection:
        for tenant, study in (("ouest", 4), ("sud", 6)):
            row = {"tenant": tenant, "study_instance_uid": study_uid(study).value}
            recalled = row | {"why": "recalled", "at": later(0)}
            connection.execute(insert(withheld_study), recalled)
        third = tables.study.c.study_instance_uid == study_uid(3).value
        rejected = update(tables.study).where(third).values(hidden_instances_from_people=1)
        connection.execute(rejected)

    found = node.studies(keys, *tenants)

    assert len(found) == len(set(found)) > 0
    query = Query(matching=keys)
    assert node.catalogue.count(Level.STUDY, query, scope=scope(*tenants)) == len(found)
    assert not {study_uid(3).value, study_uid(4).value} & set(found)


def test_retrieval_names_everything_below_a_level_in_order(node: Node) -> None:
    node.take(*(Sent(series=s, instance=n) for s in (2, 1) for n in (11, 2)))
    node.seal(series=1)
    node.take(Sent(series=1, instance=5))

    held = node.catalogue.instances(scope=scope(), study=study_uid(1))

    assert [str(one.key.sop_instance) for one in held] == [
        str(instance_uid(1, s, n)) for s, n in ((1, 2), (1, 5), (1, 11), (2, 2), (2, 11))
    ]
    assert [type(one.place) for one in held] == [
        PackPlace,
        JournalPlace,
        PackPlace,
        JournalPlace,
        JournalPlace,
    ]
    assert len(node.catalogue.instances(scope=scope(), series=series_uid(1, 2))) == 2
    (one,) = node.catalogue.instances(scope=scope(), sop_instance=instance_uid(1, 1, 11))
    assert one.number == 11
    assert one.frames == 1
    assert len(node.catalogue.instances(scope=scope(), patient_id="P1")) == 5
    assert node.catalogue.instances(scope=scope()) == []


def test_a_patient_id_that_several_issuers_use_is_our_own_patients(node: Node) -> None:
    node.take(Sent(study=1), Sent(study=2, tenant="est", header=((0x00100020, "P1"),)))
    share(node.database, study_uid(2), tenant=EST, to=OUEST)

    held = node.catalogue.instances(scope=scope(), patient_id="P1")

    assert {one.key.study for one in held} == {study_uid(1)}
    with pytest.raises(Conflict, match="2 issuers"):
        node.catalogue.instances(scope=scope(OUEST, EST), patient_id="P1")


@pytest.mark.parametrize("tenants", [(OUEST,), (OUEST, EST)])
def test_pages_walk_through_everything_once(node: Node, tenants: tuple[TenantId, ...]) -> None:
    node.take(*(Sent(study=n, header=at(f"2026010{1 + n % 3}")) for n in range(1, 12)))
    seen: list[str] = []
    after = None

    for _ in range(6):
        page = node.catalogue.page(Query(matching={}), scope=scope(*tenants), after=after, limit=2)
        seen += [entry.match.attributes[STUDY] for entry in page.entries]
        after = page.after

    assert after is None
    assert seen == node.studies({}, *tenants)
    assert len(set(seen)) == 11


@pytest.mark.parametrize("cursor", ["", "x", "AAAA", "fDE=x", "é", "MjAyNnwxOyBEUk9Q", "A" * 500])
def test_a_false_cursor_is_refused(node: Node, cursor: str) -> None:
    with pytest.raises(Malformed, match="cursor"):
        node.catalogue.page(Query(matching={}), scope=scope(), after=cursor)


def test_a_page_matches_keys_that_no_column_answers(node: Node) -> None:
    heavy = ((0x00101030, "70"),)
    node.take(*(Sent(study=n, header=heavy if n % 2 else ()) for n in range(1, 8)))

    page = node.catalogue.page(Query(matching={0x00101030: "70"}), scope=scope(), limit=3)
    rest = node.catalogue.page(
        Query(matching={0x00101030: "70"}), scope=scope(), after=page.after, limit=3
    )

    assert (len(page.entries), len(rest.entries), rest.after) == (3, 1, None)


def test_counts_stop_at_their_cap(node: Node) -> None:
    node.take(*(Sent(study=n) for n in range(1, 8)))
    everything = Query(matching={})

    assert node.catalogue.count(Level.STUDY, everything, scope=scope()) == 7
    assert node.catalogue.count(Level.STUDY, everything, scope=scope(), cap=3) == 4
    assert node.catalogue.count(Level.PATIENT, everything, scope=scope()) == 7
    assert node.catalogue.count(Level.IMAGE, everything, scope=scope(), cap=2) == 3


def _answers(node: Node, level: Level, keys: dict[int, str], rows: int, *who) -> list[Match]:
    given: list[Match] = []
    for page in pages(node.database, level, Query(matching=keys), scope=scope(*who), rows=rows):
        given += page
    return given


PAGED = [{}, {0x00080060: "CT"}, {0x00100010: "*"}, {0x00200013: "2"}, {STUDY: "1.2.3"}]


@pytest.mark.parametrize("level", list(Level))
def test_pages_give_what_find_gives_once_and_in_its_order(node, level) -> None:
    for number in (1, 2, 3):
        sent = [Sent(study=number, series=one, instance=n) for one in (1, 2, 3) for n in (1, 2)]
        node.take(*sent[: number * 2])
    node.seal()

    for keys in PAGED:
        for rows in (1, 2, 3, 500):
            assert _answers(node, level, keys, rows) == node.find(level, keys)
        if not keys:
            assert node.find(level, keys)


def test_pages_of_nobody_are_none(node) -> None:
    node.take(Sent())
    nobody = Scope(Actor(ActorKind.PERSON, "lecteur"), frozenset())

    assert list(pages(node.database, Level.STUDY, Query(matching={}), scope=nobody)) == []


def test_between_two_pages_nothing_is_held_and_nothing_more_is_read(node) -> None:
    for number in (1, 2, 3):
        node.take(Sent(study=number))
    read = iter(pages(node.database, Level.STUDY, Query(matching={}), scope=scope(), rows=1))

    first = next(read)
    node.take(Sent(study=4))  # a writer waits for nobody

    assert len(first) == 1
    assert [len(page) for page in read][:2] == [1, 1]

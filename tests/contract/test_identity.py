"""Who the patient is: what every implementation promises."""

from datetime import timedelta

import pytest

from archipel.access.model import Role, Visitor
from archipel.access.policy import GRANTS
from archipel.identity.desk import alike
from archipel.identity.model import Doubt, Link, SourceKey, Standing, Traits, doubts
from archipel.identity.resolve import Sighting, resolve
from archipel.identity.search import find
from archipel.kernel.errors import Malformed, NotFound
from archipel.kernel.identifiers import Issuer, PatientIdentifier, TenantId
from archipel.kernel.uid import Uid
from archipel.testing.access_builders import EAST, NOW, WEST, scope_of
from archipel.testing.access_builders import person as officer_named

CELESTE = Traits("TEST-BÉLIZAIRE^Céleste", "19790328", "F")
BOTH = scope_of(WEST, EAST)


def sighting(
    value: str = "4711",
    *,
    tenant: TenantId = WEST,
    issuer: str | None = None,
    traits: Traits = CELESTE,
    study: int = 1,
) -> Sighting:
    return Sighting(
        tenant=tenant,
        study=Uid(f"1.2.{study}"),
        identifier=PatientIdentifier(value, Issuer(issuer or f"ISSUER-{tenant}")),
        traits=traits,
    )


def key(value: str, tenant: TenantId = WEST) -> SourceKey:
    return SourceKey(PatientIdentifier(value, Issuer(f"ISSUER-{tenant}")))


def see(persons, *sightings: Sighting) -> list[str]:
    return [
        resolve(one, persons=persons, now=NOW + timedelta(minutes=minute))
        for minute, one in enumerate(sightings)
    ]


def joined(one: str, other: str) -> Link:
    return Link(one=key(one), other=key(other), by="ida", basis="same card", at=NOW)


def test_one_identifier_of_one_issuer_is_one_person(persons) -> None:
    first, second, padded = see(persons, sighting(), sighting(study=2), sighting(" 4711 "))

    assert first == second == padded


def test_the_same_value_of_two_issuers_is_two_persons(persons) -> None:
    west, east = see(persons, sighting(), sighting(tenant=EAST))

    assert west != east


@pytest.mark.parametrize("nothing", ["", "  ", "\0"])
def test_without_identifier_each_study_is_a_person_of_its_own(persons, nothing) -> None:
    one, other, again, elsewhere = see(
        persons,
        sighting(nothing, issuer="I"),
        sighting(nothing, issuer="I", study=2),
        sighting(nothing, issuer="I"),
        sighting(nothing, issuer="I", tenant=EAST),
    )

    assert one == again
    assert len({one, other, elsewhere}) == 3


def test_a_name_in_an_identifier_makes_no_study(persons) -> None:
    alone, named = see(persons, sighting("", issuer="I"), sighting("west/1.2.1", issuer="I"))

    assert alone != named


def test_traits_that_do_not_fit_are_put_before_the_desk_once(persons) -> None:
    someone_else = Traits("TEST-LABRADOR^Ti-Jean", "19510101", "M")
    person, same = see(persons, sighting(), sighting(traits=someone_else))

    assert person == same
    (doubted,) = persons.doubted(scope=scope_of(WEST))
    assert doubts(doubted.appearances) == {Doubt.NAME, Doubt.BIRTH_DATE, Doubt.SEX}
    assert doubted.traits == someone_else
    assert persons.doubted(scope=scope_of(EAST)) == []

    persons.settle(key("4711"), scope=scope_of(WEST))
    see(persons, sighting(), sighting(traits=someone_else))
    assert persons.doubted(scope=scope_of(WEST)) == []

    see(persons, sighting(traits=Traits("TEST-THIRD^Person", "", "")))
    assert len(persons.doubted(scope=scope_of(WEST))) == 1


@pytest.mark.parametrize(
    "traits",
    [
        Traits("Test-Belizaire^celeste^^^", "1979.03.28", "f"),
        Traits("TEST-BELIZAIRE^CELESTE ANNE", "", ""),
        Traits("", "", ""),
    ],
)
def test_what_is_written_otherwise_or_left_out_is_no_doubt(persons, traits) -> None:
    see(persons, sighting(), sighting(traits=traits))

    assert persons.doubted(scope=scope_of(WEST)) == []


def test_one_identifier_used_for_everybody_is_bounded(persons, monkeypatch) -> None:
    for module in ("archipel.stores.sql.identity", "archipel.testing.memory_identity"):
        monkeypatch.setattr(f"{module}.APPEARANCES_KEPT", 5)

    see(persons, *[sighting(traits=Traits(f"TEST-{n}^X", "", "")) for n in range(9)])

    assert len(persons.source(key("4711"), scope=scope_of(WEST)).appearances) == 5
    assert persons.doubted(scope=scope_of(WEST))


def test_a_person_is_seen_through_ones_own_sources_only(persons) -> None:
    west, east = see(
        persons,
        sighting(issuer="SHARED"),
        sighting(issuer="SHARED", tenant=EAST, traits=Traits("TEST-BELIZAIRE^C", "", "F")),
    )
    see(persons, sighting("99"))

    assert west == east
    seen = persons.person(west, scope=scope_of(EAST))
    assert [one.tenant for one in seen.sources[0].appearances] == [EAST]
    assert seen.traits.name == "TEST-BELIZAIRE^C"
    assert len(persons.person(west, scope=BOTH).sources[0].appearances) == 2
    assert persons.person(west, scope=scope_of()) is None
    assert persons.source(key("99"), scope=scope_of(EAST)) is None


def test_linked_sources_are_one_person_until_unlinked(persons) -> None:
    a, b, c = see(persons, sighting("A"), sighting("B"), sighting("C"))
    scope = scope_of(WEST)

    assert set(persons.link(joined("C", "B"), scope=scope)) == {key("C")}
    assert set(persons.link(joined("A", "C"), scope=scope)) == {key("B"), key("C")}
    assert persons.link(joined("A", "C"), scope=scope) == []
    assert [s.key for s in persons.person(a, scope=scope).sources] == [key(v) for v in "ABC"]
    assert persons.person(b, scope=scope) is None
    assert see(persons, sighting("B", study=9)) == [a]

    moved = persons.unlink(key("C"), key("A"), by="ida", scope=scope, now=NOW)
    assert set(moved) == {key("B"), key("C")}
    persons.unlink(key("B"), key("C"), by="ida", scope=scope, now=NOW)

    for person, value in ((a, "A"), (b, "B"), (c, "C")):
        assert [s.key for s in persons.person(person, scope=scope).sources] == [key(value)]
    with pytest.raises(NotFound):
        persons.unlink(key("B"), key("C"), by="ida", scope=scope, now=NOW)


def standing(persons, value: str = "4711", tenant: TenantId = WEST) -> Standing:
    return persons.source(key(value, tenant), scope=BOTH).standing


def test_an_identity_is_provisional_until_a_second_study_says_the_same(persons) -> None:
    see(persons, sighting(), sighting())
    assert standing(persons) is Standing.PROVISIONAL

    see(persons, sighting(study=2))
    assert standing(persons) is Standing.CONFIRMED


def test_traits_that_do_not_fit_make_a_conflict_until_the_desk_has_looked(persons) -> None:
    someone_else = Traits("TEST-LABRADOR^Ti-Jean", "19510101", "M")
    see(persons, sighting(), sighting(study=2, traits=someone_else))
    assert standing(persons) is Standing.CONFLICT

    persons.settle(key("4711"), scope=BOTH)
    assert standing(persons) is Standing.CONFIRMED


def test_what_is_left_out_or_names_no_issuer_confirms_nothing(persons) -> None:
    bare = Traits("TEST-BÉLIZAIRE^Céleste", "", "F")
    see(persons, sighting(traits=bare), sighting(study=2, traits=bare))
    assert standing(persons) is Standing.PROVISIONAL

    nobodys = SourceKey(PatientIdentifier("7", Issuer("")))
    for number in (1, 2):
        resolve(
            Sighting(
                tenant=WEST,
                study=Uid(f"1.2.{number}"),
                identifier=nobodys.identifier,
                traits=CELESTE,
            ),
            persons=persons,
            now=NOW,
        )
    assert persons.source(nobodys, scope=BOTH).standing is Standing.PROVISIONAL


def test_a_national_identity_is_qualified_where_its_key_fits(persons) -> None:
    ins = "1.2.250.1.213.1.4.10"
    see(
        persons,
        sighting("279035121518989", issuer=ins),
        sighting("279035121518988", issuer=ins),
    )

    right, wrong = (
        persons.source(SourceKey(PatientIdentifier(v, Issuer(ins))), scope=BOTH).standing
        for v in ("279035121518989", "279035121518988")
    )
    assert (right, wrong) == (Standing.QUALIFIED, Standing.PROVISIONAL)


def test_who_links_an_unidentified_study_says_whose_it_is(persons) -> None:
    known, _, unknown = see(persons, sighting("A"), sighting("A", study=2), sighting(" ", study=3))
    nameless = SourceKey.of(PatientIdentifier("", Issuer("x")), tenant=WEST, study=Uid("1.2.3"))
    nameless = SourceKey(PatientIdentifier("", Issuer(f"ISSUER-{WEST}")), nameless.alone)
    assert persons.standings([known, unknown]) == {
        known: Standing.CONFIRMED,
        unknown: Standing.UNIDENTIFIED,
    }

    persons.link(
        Link(one=key("A"), other=nameless, by="ida", basis="wristband", at=NOW), scope=BOTH
    )
    assert persons.standings([known, unknown]) == {known: Standing.CONFIRMED}

    persons.unlink(key("A"), nameless, by="ida", scope=BOTH, now=NOW)
    assert persons.standings([unknown]) == {unknown: Standing.UNIDENTIFIED}


def test_the_desk_takes_back_what_it_vouched_for(persons) -> None:
    see(persons, sighting(), sighting(study=2, traits=Traits("TEST-AUTRE^Nom", "19600101", "M")))
    persons.settle(key("4711"), scope=BOTH)

    persons.reopen(key("4711"), scope=BOTH)

    (again,) = persons.doubted(scope=BOTH)
    assert (again.key, again.standing) == (key("4711"), Standing.CONFLICT)
    with pytest.raises(NotFound):
        persons.reopen(key("4711"), scope=scope_of(EAST))


def test_links_are_listed_while_they_stand_and_both_ends_are_in_scope(persons) -> None:
    see(persons, sighting("A"), sighting("B", study=2))
    see(persons, sighting("C", tenant=EAST, study=3))
    far = Link(one=key("B"), other=key("C", EAST), by="ida", basis="letter", at=NOW)
    for said in (joined("A", "B"), joined("B", "A"), far):
        persons.link(said, scope=BOTH)
    known = persons.source(key("A"), scope=BOTH).person

    assert [one.basis for one in persons.links(known, scope=BOTH)] == ["same card", "letter"]
    assert [one.basis for one in persons.links(known, scope=scope_of(WEST))] == ["same card"]
    persons.unlink(key("B"), key("A"), by="ida", scope=BOTH, now=NOW)
    assert persons.links(known, scope=BOTH) == []


def test_who_is_alike_is_shown_with_what_agrees_and_no_stranger_by_the_day_alone(persons) -> None:
    see(
        persons,
        sighting("A"),
        sighting("same", study=2),
        sighting("twin", study=3, traits=Traits("TEST-BÉLIZAIRE^Rose", "19790328", "F")),
        sighting("other day", study=4, traits=Traits("TEST-BELIZAIRE^CELESTE", "19800101", "F")),
        sighting("stranger", study=5, traits=Traits("TESTZOBDA^Marc", "19790328", "M")),
        sighting("far", study=6, tenant=EAST),
    )
    officer = Visitor(
        person=officer_named("ida", Role.IDENTITY_OFFICER),
        scope=scope_of(WEST, name="ida"),
        permissions=GRANTS[Role.IDENTITY_OFFICER],
        csrf=None,
        session=None,
        expires_at=NOW,
    )
    known = persons.person(persons.source(key("A"), scope=BOTH).person, scope=officer.scope)

    found = alike(known, visitor=officer, persons=persons, limit=5)

    assert [(one.person.sources[0].key.identifier.value, one.agrees) for one in found] == [
        ("same", {Doubt.NAME, Doubt.BIRTH_DATE, Doubt.SEX}),
        ("other day", {Doubt.NAME, Doubt.SEX}),
        ("twin", {Doubt.BIRTH_DATE, Doubt.SEX}),
    ]


def test_nobody_links_what_is_out_of_scope(persons) -> None:
    see(persons, sighting("A"), sighting("B", tenant=EAST))
    across = Link(one=key("A"), other=key("B", EAST), by="ida", basis="guess", at=NOW)

    for scope in (scope_of(WEST), scope_of(EAST), scope_of()):
        with pytest.raises(NotFound):
            persons.link(across, scope=scope)
    with pytest.raises(NotFound):
        persons.settle(key("A"), scope=scope_of(EAST))
    assert persons.link(across, scope=BOTH)
    with pytest.raises(NotFound):
        persons.unlink(key("A"), key("B", EAST), by="ida", scope=scope_of(EAST), now=NOW)


@pytest.fixture
def crowd(persons):
    see(
        persons,
        sighting("4711"),
        sighting("4712", traits=Traits("TEST-BELIZE^Théo", "20010203", "M")),
        sighting("4713", traits=Traits("TEST-D'ARC^Jeanne", "14120106", "F")),
        sighting("4711", tenant=EAST, traits=Traits("TEST-BÉLIZAIRE^Marc", "19790328", "M")),
    )
    return persons


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("béliz", ["4712", "4711"]),
        ("CELESTE belizaire", ["4711"]),
        ("belizaire 28/03/1979", ["4711"]),
        ("1979-03-28", ["4711"]),
        ("4713", ["4713"]),
        ("arc jeanne", ["4713"]),
        ("celeste theo", []),
        ("belizaire 4713", []),
        ("elizaire", []),
        ("%", []),
        ("_EST", []),
        ("471", []),
    ],
)
def test_a_person_is_found_by_what_one_knows(crowd, text, found) -> None:
    hits = find(text, scope=scope_of(WEST), persons=crowd)

    assert [hit.sources[0].key.identifier.value for hit in hits] == found


def test_a_search_for_nothing_is_refused(persons) -> None:
    for nothing in ("", "  ", "^"):
        with pytest.raises(Malformed):
            find(nothing, scope=scope_of(WEST), persons=persons)


def test_a_search_stays_in_scope_and_within_its_limit(crowd) -> None:
    assert len(find("test", scope=BOTH, persons=crowd)) == 4
    assert len(find("test", scope=BOTH, persons=crowd, limit=2)) == 2
    (only,) = find("4711", scope=scope_of(EAST), persons=crowd)
    assert only.traits.name == "TEST-BÉLIZAIRE^Marc"
    assert find("4713", scope=scope_of(EAST), persons=crowd) == []
    assert find("test", scope=scope_of(), persons=crowd) == []

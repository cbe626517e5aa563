"""Resolving and linking, for all histories."""

from collections import defaultdict
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from archipel.identity.model import Link, SourceKey, Standing, Traits, doubts
from archipel.identity.resolve import Sighting, resolve
from archipel.identity.standing import is_matricule, together
from archipel.kernel.identifiers import Issuer, PatientIdentifier
from archipel.kernel.uid import Uid
from archipel.testing.access_builders import EAST, NOW, WEST, scope_of
from archipel.testing.memory_identity import MemoryPersons

BOTH = scope_of(WEST, EAST)
TRAITS = st.builds(
    Traits,
    st.sampled_from(["", "TEST-ROY^Anaïs", "TEST-ROY^ANAIS^MARIE", "TEST-LI^Yu"]),
    st.sampled_from(["", "19800101", "19800102"]),
    st.sampled_from(["", "F", "M"]),
)
SIGHTINGS = st.builds(
    Sighting,
    tenant=st.sampled_from([WEST, EAST]),
    study=st.integers(1, 4).map(lambda n: Uid(f"1.2.{n}")),
    identifier=st.builds(
        PatientIdentifier,
        st.sampled_from(["", " ", "1", "1 ", "2"]),
        st.sampled_from(["I", "J"]).map(Issuer),
    ),
    traits=TRAITS,
)


def _outcome(sightings: list[Sighting]) -> tuple[dict[Sighting, frozenset], set]:
    persons = MemoryPersons()
    named = {one: resolve(one, persons=persons, now=NOW) for one in sightings}
    together = defaultdict(set)
    for one, person in named.items():
        together[person].add(one)
    standings = persons.standings(set(named.values()))
    desk = {source.key for source in persons.doubted(scope=BOTH)}
    known = {(one, standings[person]) for one, person in named.items()}
    return {one: frozenset(together[named[one]]) for one in named}, desk | known


@given(st.lists(SIGHTINGS, max_size=12), st.randoms())
def test_the_order_of_studies_does_not_count(sightings, chance) -> None:
    shuffled = list(sightings)
    chance.shuffle(shuffled)

    assert _outcome(sightings) == _outcome(shuffled)


@given(st.lists(SIGHTINGS, max_size=12))
def test_asking_again_changes_nothing(sightings) -> None:
    assert _outcome(sightings) == _outcome(sightings + sightings)


@given(st.lists(SIGHTINGS, max_size=12))
def test_persons_are_as_many_as_identifiers_and_studies_without(sightings) -> None:
    together, _ = _outcome(sightings)
    keys = {SourceKey.of(s.identifier, tenant=s.tenant, study=s.study) for s in sightings}

    assert len(set(together.values())) == len(keys)


@given(st.lists(TRAITS, max_size=6), st.randoms())
def test_doubts_do_not_depend_on_the_order(traits, chance) -> None:
    def doubted(said: list[Traits]):
        persons = MemoryPersons()
        patient = PatientIdentifier("1", Issuer("I"))
        for minute, one in enumerate(said):
            sighting = Sighting(tenant=WEST, study=Uid("1.2"), identifier=patient, traits=one)
            resolve(sighting, persons=persons, now=NOW + timedelta(minutes=minute))
        source = persons.source(SourceKey(patient), scope=BOTH)
        return source and doubts(source.appearances)

    shuffled = list(traits)
    chance.shuffle(shuffled)

    assert doubted(traits) == doubted(shuffled)


MANY = st.lists(st.sampled_from(Standing), min_size=1)


@given(MANY, st.randoms())
def test_how_far_a_person_is_known_does_not_depend_on_the_order(standings, chance) -> None:
    shuffled = list(standings)
    chance.shuffle(shuffled)

    assert together(standings) is together(shuffled) is together(standings * 2)
    assert together(standings) in standings


@given(MANY, MANY)
def test_linking_hides_no_conflict_and_makes_nobody_less_known(one, other) -> None:
    joined = together(one + other)

    assert joined is together([together(one), together(other)])
    assert (joined is Standing.CONFLICT) == (Standing.CONFLICT in one + other)


@given(st.text(max_size=20))
def test_any_text_is_a_national_identity_or_not(text) -> None:
    assert is_matricule(text) in {True, False}


BODIES = st.builds(
    "{}{:04}{}{:06}".format,
    st.sampled_from("1278"),
    st.integers(0, 9999),
    st.integers(0, 99).map("{:02}".format) | st.sampled_from(["2A", "2B"]),
    st.integers(0, 999_999),
)


@given(BODIES, st.integers(1, 96))
def test_a_wrong_key_is_always_seen(body, off) -> None:
    key = 97 - int(body.replace("2A", "19").replace("2B", "18")) % 97
    wrong = (key + off - 1) % 97 + 1

    assert is_matricule(f"{body}{key:02}")
    assert not is_matricule(f"{body}{wrong:02}")


PAIRS = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)).filter(lambda p: p[0] != p[1]))


@given(PAIRS, st.randoms())
def test_unlinking_all_in_any_order_gives_everybody_back(pairs, chance) -> None:
    persons = MemoryPersons()
    keys = [SourceKey(PatientIdentifier(str(n), Issuer("I"))) for n in range(6)]
    before = [
        resolve(
            Sighting(
                tenant=WEST, study=Uid("1.2"), identifier=one.identifier, traits=Traits("", "", "")
            ),
            persons=persons,
            now=NOW,
        )
        for one in keys
    ]
    linked = {frozenset(pair) for pair in pairs}
    for one, other in pairs:
        persons.link(
            Link(one=keys[one], other=keys[other], by="ida", basis="test", at=NOW), scope=BOTH
        )
    order = [tuple(pair) for pair in linked]
    chance.shuffle(order)

    for one, other in order:
        persons.unlink(keys[one], keys[other], by="ida", scope=BOTH, now=NOW)

    assert [persons.source(one, scope=BOTH).person for one in keys] == before


@given(PAIRS, st.randoms())
def test_the_order_of_links_does_not_count(pairs, chance) -> None:
    def groups(order) -> set[frozenset[int]]:
        persons = MemoryPersons()
        keys = [SourceKey(PatientIdentifier(str(n), Issuer("I"))) for n in range(6)]
        for one in keys:
            resolve(
                Sighting(
                    tenant=WEST,
                    study=Uid("1.2"),
                    identifier=one.identifier,
                    traits=Traits("", "", ""),
                ),
                persons=persons,
                now=NOW,
            )
        for one, other in order:
            persons.link(
                Link(one=keys[one], other=keys[other], by="ida", basis="test", at=NOW), scope=BOTH
            )
        by_person = defaultdict(set)
        for number, one in enumerate(keys):
            by_person[persons.source(one, scope=BOTH).person].add(number)
        return {frozenset(group) for group in by_person.values()}

    shuffled = list(pairs)
    chance.shuffle(shuffled)

    assert groups(pairs) == groups(shuffled)

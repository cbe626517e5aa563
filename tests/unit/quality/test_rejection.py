"""Rejection notes honoured: what each reason hides, from whom, and what undoes it."""

from datetime import timedelta

import pytest
from tests.unit.quality.written import dataset_of, note

from archipel.archive.events import ExpiredSentAgain
from archipel.archive.model import Query, StudyKey
from archipel.archive.quality.model import Reason
from archipel.archive.rebuild import rebuild
from archipel.kernel.actors import Actor, ActorKind, Scope
from archipel.kernel.hierarchy import Level
from archipel.kernel.uid import Uid
from archipel.stores.sql.archive.quality import notes_of
from archipel.stores.sql.outbox import after
from archipel.testing.storage_node import TENANT, StorageNode

PERSON = Scope(Actor(ActorKind.PERSON, "tess"), frozenset({TENANT}))
DEVICE = Scope(Actor(ActorKind.DEVICE, "TEST_WS"), frozenset({TENANT}))
STUDY, SERIES, SOP = Uid("2.25.100"), 0x0020000E, 0x00080018
PATIENT = {0x00100010: "TEST-Zoé^Éva", 0x00100020: ""}


@pytest.fixture
def node(tmp_path):
    opened = StorageNode(tmp_path)
    opened.replay()
    yield opened
    opened.close()


@pytest.fixture
def three(node, image, smooth):
    """Hold a study of one series of three images."""
    contents = [image(smooth + n, number=n) for n in (1, 2, 3)]
    for content in contents:
        node.receive(content)
    node.catch_up()
    return contents


def images(node, scope=PERSON) -> list[str]:
    found = node.catalogue.instances(scope=scope, study=STUDY)
    return [str(one.key.sop_instance) for one in found]


def held(node, *numbers: int):
    wanted = {f"2.25.{n}" for n in numbers}
    return [one for one in node.held() if str(one.key.sop_instance) in wanted]


def reject(node, reason, *numbers: int, undoes=()) -> None:
    node.later(timedelta(seconds=1))
    node.receive(dataset_of(note(reason, held(node, *numbers), PATIENT, undoes=undoes)))
    node.catch_up()


def notes(node):
    with node._full.read() as connection:
        return notes_of(connection, StudyKey(TENANT, STUDY))


def seen(node, scope=PERSON):
    """Say all that queries say of the study: the view of the one who asks."""
    wanted = frozenset({0x00080061, 0x00080062, 0x00201206, 0x00201208, 0x00201204})
    return [
        [
            dict(match.attributes)
            for match in node.catalogue.find(level, Query(matching={}, wanted=wanted), scope=scope)
        ]
        for level in Level
    ] + [images(node, scope)]


@pytest.mark.parametrize("sealed", [False, True])
@pytest.mark.parametrize("reason", [Reason.SAFETY, Reason.WORKLIST, Reason.EXPIRED])
def test_what_is_rejected_for_good_vanishes_for_people_and_peers(node, three, reason, sealed):
    if sealed:
        node.seal()

    reject(node, reason, 2)

    for scope in (PERSON, DEVICE):
        assert images(node, scope) == ["2.25.1", "2.25.3"]
        (study,) = node.catalogue.find(Level.STUDY, Query(matching={}), scope=scope)
        assert study.attributes[0x00201208] == "2"
        assert study.attributes[0x00201206] == "1"  # nor is the note's series to be seen
        assert node.catalogue.count(Level.IMAGE, Query(matching={}), scope=scope) == 2
    assert len(node.held()) == 4  # no byte went


def test_poor_quality_is_hidden_from_people_and_shown_to_peers_with_its_note(node, three):
    reject(node, Reason.QUALITY, 1, 3)

    assert images(node) == ["2.25.2"]
    assert len(images(node, DEVICE)) == 4
    (study,) = node.catalogue.find(Level.STUDY, Query(matching={}), scope=DEVICE)
    assert study.attributes[0x00201206] == "2"


def test_a_study_rejected_altogether_is_in_no_list(node, three):
    reject(node, Reason.SAFETY, 1, 2, 3)

    for scope in (PERSON, DEVICE):
        for level in Level:
            assert node.catalogue.find(level, Query(matching={}), scope=scope) == []
        assert node.catalogue.page(Query(matching={}), scope=scope).entries == []
        assert node.catalogue.instances(scope=scope, sop_instance=Uid("2.25.1")) == []


def test_a_note_taken_back_leaves_the_view_as_it_was(node, three):
    node.seal()
    before = seen(node), seen(node, DEVICE)
    reject(node, Reason.SAFETY, 1, 2, 3)

    reject(node, None, 1, 2, 3, undoes=notes(node))

    assert (seen(node), seen(node, DEVICE)) == before


def test_taking_back_one_of_two_notes_leaves_the_other(node, three):
    reject(node, Reason.QUALITY, 1)
    reject(node, Reason.SAFETY, 1, 2)
    safety = [one for one in notes(node) if one.reason is Reason.SAFETY]

    reject(node, None, 1, 2, undoes=safety)

    assert images(node) == ["2.25.2", "2.25.3"]


def test_a_peer_that_takes_back_without_naming_notes_takes_back_all(node, three):
    reject(node, Reason.QUALITY, 1)
    reject(node, Reason.SAFETY, 1)

    reject(node, None, 1)

    assert images(node) == ["2.25.1", "2.25.2", "2.25.3"]


def test_a_weaker_note_does_not_bring_back_what_a_stronger_hides(node, three):
    reject(node, Reason.SAFETY, 1)

    reject(node, Reason.QUALITY, 1)

    assert "2.25.1" not in images(node, DEVICE)


def test_a_note_may_come_before_what_it_rejects(node, image, smooth):
    first, second = (image(smooth + n, number=n) for n in (1, 2))
    node.receive(first)
    node.receive(second)
    node.catch_up()
    early = dataset_of(note(Reason.SAFETY, held(node, 2), PATIENT))
    other = StorageNode(node.home / "other")
    other.replay()
    other.receive(early)
    other.receive(first)
    other.receive(second)
    other.catch_up()

    assert images(other) == ["2.25.1"]
    assert other.catalogue.refused(STUDY, tenant=TENANT) == {Uid("2.25.2")}
    other.close()


@pytest.mark.parametrize("reason", [Reason.SAFETY, Reason.WORKLIST])
def test_what_was_rejected_for_good_is_not_taken_again(node, three, reason):
    reject(node, reason, 1)

    assert node.catalogue.refused(STUDY, tenant=TENANT) == {Uid("2.25.1")}


def test_poor_quality_sent_again_stays_rejected(node, three):
    reject(node, Reason.QUALITY, 1)

    node.receive(three[0])

    assert node.catch_up().duplicates == 1
    assert node.catalogue.refused(STUDY, tenant=TENANT) == frozenset()
    assert "2.25.1" not in images(node)


def test_what_retention_gave_up_is_wanted_when_it_is_sent_again(node, three):
    reject(node, Reason.EXPIRED, 1, 2)
    node.later(timedelta(days=1))

    node.receive(three[0])
    node.catch_up()

    with node._full.read() as connection:
        told = [one.event() for one in after(connection, 0, limit=100)]
    (again,) = [one for one in told if isinstance(one, ExpiredSentAgain)]
    assert again.instances == (Uid("2.25.1"),)


def test_a_note_on_another_study_than_its_own_rejects_nothing(node, three, image, smooth):
    node.receive(image(smooth, number=9, StudyInstanceUID="2.25.900"))
    node.catch_up()
    mixed = [*held(node, 9), *held(node, 1)]  # the note lies in the study of the first
    node.receive(dataset_of(note(Reason.SAFETY, mixed, PATIENT)))
    node.catch_up()

    assert images(node) == ["2.25.1", "2.25.2", "2.25.3"]


@pytest.mark.parametrize("sealed", [False, True])
def test_an_index_made_again_says_the_same(node, three, tmp_path, sealed):
    reject(node, Reason.QUALITY, 1)
    reject(node, Reason.SAFETY, 2)
    reject(node, None, 2, undoes=[one for one in notes(node) if one.reason is Reason.SAFETY])
    reject(node, Reason.WORKLIST, 3)
    if sealed:
        node.seal()
        reject(node, Reason.SAFETY, 2)
    before = seen(node), seen(node, DEVICE), notes(node)
    node.close()
    for gone in tmp_path.glob("index.db*"):
        gone.unlink()

    again = StorageNode(tmp_path)
    list(
        rebuild(
            packs=again.packs,
            tail=again.tail,
            index=again.index,
            seals=again.seals,
            take_in=again.take_in,
            now=node.now,
        )
    )

    assert (seen(again), seen(again, DEVICE), notes(again)) == before
    again.close()

"""From the journal into packs and back to a whole index: nothing is lost on the way."""

import gzip
import json
from dataclasses import replace
from datetime import timedelta

import pytest

from archipel.archive.model import JournalPlace, PackPlace, Query
from archipel.archive.rebuild import rebuild
from archipel.archive.seal import Sealing, seal, tidy
from archipel.kernel.actors import Actor, ActorKind, Scope
from archipel.kernel.errors import Unavailable
from archipel.kernel.hierarchy import Level
from archipel.kernel.identifiers import TenantId
from archipel.stores.journal.segment import file_name
from archipel.testing.storage_node import TENANT, StorageNode

SCOPE = Scope(Actor(ActorKind.NODE, "test"), frozenset({TENANT}))


@pytest.fixture
def node(tmp_path):
    opened = StorageNode(tmp_path)
    opened.replay()
    yield opened
    opened.close()


def contents_of(node) -> dict[str, bytes]:
    return {str(h.key.sop_instance): node.contents.dataset(h) for h in node.held()}


def test_a_quiet_series_moves_into_a_pack_and_its_segment_goes(node, image, smooth) -> None:
    sent = {f"2.25.{n}": image(smooth + n, number=n) for n in range(8)}
    for content in sent.values():
        node.receive(content)
    node.catch_up()
    assert {type(h.place) for h in node.held()} == {JournalPlace}
    assert node.tidy().segments == 0

    outcome = node.seal()

    node.journal.close()
    assert set(outcome.values()) == {Sealing.DONE}
    assert [h.place.entry for h in node.held()] == list(range(8))
    assert node.tidy().segments == 1
    assert list((node.home / "journal").iterdir()) == []
    assert contents_of(node) == sent
    assert [f for f in node.findings() if f.damage] == []
    assert node.seal() == {}


def test_a_series_that_still_grows_is_left(node, image, smooth) -> None:
    node.receive(image(smooth))
    node.catch_up()

    assert node.seals.quiet_series(before=node.now - timedelta(seconds=1), limit=10) == []


def test_late_instances_are_sealed_with_the_others_and_the_old_pack_goes(
    node, image, smooth
) -> None:
    sent = {f"2.25.{n}": image(smooth + n, number=n) for n in range(6)}
    for content in list(sent.values())[:4]:
        node.receive(content)
    node.catch_up()
    node.seal()
    [first] = {h.place.pack for h in node.held()}
    for content in list(sent.values())[4:]:
        node.receive(content)
    node.catch_up()
    assert contents_of(node) == sent  # between two seals: pack and journal together
    metadata = gzip.decompress(node.contents.series_metadata(node.held()))
    assert [d["00200013"]["Value"] for d in json.loads(metadata)] == [[n] for n in range(6)]

    node.seal()

    [second] = {h.place.pack for h in node.held()}
    assert second != first
    assert [key for key, _at in node.packs.inventory()] == sorted([first, second])
    assert node.tidy().packs == 1
    assert [key for key, _at in node.packs.inventory()] == [second]
    assert contents_of(node) == sent
    assert [f for f in node.findings() if f.damage] == []


def test_a_pack_that_was_tidied_away_before_it_was_published_is_built_again(
    node, image, smooth
) -> None:
    sent = {"2.25.1": image(smooth, number=1)}
    node.receive(sent["2.25.1"])
    node.catch_up()
    [key] = node.seals.quiet_series(before=node.later(timedelta(hours=1)), limit=9)

    class Sleeping:
        """Packs whose builder stands still for days between building and publishing."""

        def build(self, series):
            sealed = node.packs.build(series)
            node.later(timedelta(days=3))
            assert node.tidy().packs == 1
            return sealed

    outcome = seal(key, index=node.seals, packs=Sleeping(), now=node.now)

    assert outcome is Sealing.GREW
    assert {type(h.place) for h in node.held()} == {JournalPlace}
    assert contents_of(node) == sent
    assert set(node.seal().values()) == {Sealing.DONE}
    assert contents_of(node) == sent


def test_an_instance_that_comes_while_its_series_is_packed_is_not_lost(
    node, image, smooth
) -> None:
    node.receive(image(smooth, number=1))
    node.catch_up()
    [key] = node.seals.quiet_series(before=node.later(timedelta(hours=1)), limit=9)

    class Slow:
        """Packs whose building takes until another instance has come."""

        def build(self, series):
            sealed = node.packs.build(series)
            node.receive(image(smooth, number=2))
            node.catch_up()
            return sealed

    outcome = seal(key, index=node.seals, packs=Slow(), now=node.now)

    assert outcome is Sealing.GREW
    assert len(contents_of(node)) == 2
    assert set(node.seal().values()) == {Sealing.DONE}
    assert len(contents_of(node)) == 2
    assert node.tidy().packs == 1


def test_the_same_bytes_again_after_sealing_are_held_once(node, image, smooth) -> None:
    content = image(smooth)
    node.receive(content)
    node.catch_up()
    node.seal()
    node.receive(content)

    outcome = node.catch_up()

    assert (outcome.stored, outcome.duplicates) == (0, 1)
    assert len(node.held()) == 1
    node.journal.close()
    assert node.tidy().segments == 1


def test_other_bytes_after_sealing_are_set_aside_and_keep_their_segment(
    node, image, smooth
) -> None:
    node.receive(image(smooth))
    node.catch_up()
    node.seal()
    place = node.receive(image(smooth + 1))

    outcome = node.catch_up()

    node.journal.close()
    assert outcome.quarantined == 1
    assert node.tidy().segments == 0
    assert contents_of(node) == {"2.25.1": image(smooth)}
    assert [f.kind for f in node.findings()] == ["instance", "pack", "quarantined"]
    _flip(node.home / "journal" / file_name(place.segment), place.offset + 500)
    assert [f.name for f in node.findings() if f.damage] == ["2.25.1"]


def test_a_segment_somebody_writes_to_is_not_reclaimed(node, image, smooth) -> None:
    place = node.receive(image(smooth))
    node.catch_up()
    node.seal()

    assert node.tidy().segments == 0  # the process that appended still has it

    node.journal.close()
    assert not node.segments.reclaim(
        place.segment, applied=0, now=node.now, grace=timedelta(0)
    )  # the index knows records in it
    assert node.tidy().segments == 1


def test_a_segment_stays_for_a_while_for_those_who_read_it(node, image, smooth) -> None:
    node.receive(image(smooth))
    node.catch_up()
    [before] = node.held()
    node.seal()
    node.journal.close()

    def tidied(minutes: int) -> int:
        now = node.now + timedelta(minutes=minutes)
        return tidy(index=node.seals, packs=node.packs, segments=node.segments, now=now).segments

    assert [tidied(0), tidied(59)] == [0, 0]
    assert node.contents.dataset(before) == image(smooth)
    assert tidied(61) == 1
    with pytest.raises(Unavailable):
        node.contents.dataset(before)


def test_verification_names_every_damaged_object(node, image, smooth) -> None:
    for number in range(4):
        node.receive(image(smooth + number, number=number))
    node.catch_up()
    node.seal()
    place = node.receive(image(smooth, number=9, SeriesInstanceUID="2.25.102"))
    node.catch_up()
    third = node.held()[2]
    part, entry = node.packs.open(third.place.pack).entry(2)
    fill = next(f for f in entry.fills if f.low_stored)
    _flip(node.home / "packs" / third.place.pack, part.directory.low.offset + fill.low_at + 100)
    _flip(node.home / "journal" / file_name(place.segment), place.offset + 400)

    damaged = {f.name: f for f in node.findings() if f.damage}

    assert set(damaged) == {"2.25.2", "2.25.9"}
    assert "does not match its digest" in damaged["2.25.2"].damage
    assert damaged["2.25.2"].where == f"pack {third.place.pack} entry 2"


def test_a_missing_pack_is_named_for_each_of_its_instances(node, image, smooth) -> None:
    for number in range(3):
        node.receive(image(smooth, number=number))
    node.catch_up()
    node.seal()
    node.packs.remove(node.held()[0].place.pack)

    damaged = [f for f in node.findings() if f.damage]

    assert [f.kind for f in damaged] == ["instance", "pack", "instance", "instance"]


def test_the_index_is_made_again_from_packs_and_journal_alone(node, image, smooth) -> None:
    for number in range(5):
        node.receive(image(smooth + number, number=number))
        node.receive(image(smooth, number=20 + number, SeriesInstanceUID="2.25.102"))
    node.receive(image(smooth, number=40, StudyInstanceUID="2.25.200"), tenant=TenantId("est"))
    node.catch_up()
    node.seal()
    node.receive(image(smooth + 9, number=9))  # late: the series lies in pack and journal
    node.receive(image(smooth + 77))  # other bytes under a known UID: quarantine
    node.receive(image(smooth, number=60, SeriesInstanceUID="2.25.103"))
    node.catch_up()
    before = _answers(node)
    for path in node.home.glob("index.db*"):
        path.unlink()
    node.close()

    again = StorageNode(node.home)
    again.now = node.now
    restored = list(
        rebuild(
            packs=again.packs,
            tail=again.tail,
            index=again.index,
            seals=again.seals,
            take_in=again.take_in,
            now=again.now,
        )
    )

    assert [one.damage for one in restored if one.damage] == []
    assert _answers(again) == before
    assert len([f for f in again.findings() if f.kind == "quarantined"]) == 1
    assert again.segments.numbers()
    assert 0 not in again.index.applied()
    again.seal()
    assert [f for f in again.findings() if f.damage] == []
    assert again.tidy().packs == 1  # of the series that was sealed in two generations
    assert [f for f in again.findings() if f.damage] == []
    again.close()


def _answers(node) -> list[object]:
    found: list[object] = []
    for tenant in (TENANT, TenantId("est")):
        scope = replace(SCOPE, tenants=frozenset({tenant}))
        for level in (Level.STUDY, Level.SERIES, Level.IMAGE):
            answers = node.catalogue.find(level, Query(matching={}), scope=scope)
            found.append([sorted(a.attributes.items()) for a in answers])
        found.extend(
            (h.key, h.number, h.digest, type(h.place), node.contents.dataset(h))
            for h in sorted(node.held(tenant), key=lambda one: one.key)
        )
    return found


def _flip(path, at: int) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)


def test_sealed_places_are_pack_places(node, image, smooth) -> None:
    node.receive(image(smooth))
    node.catch_up()
    node.seal()

    [held] = node.held()

    assert isinstance(held.place, PackPlace)
    assert held.place.pack.startswith("ch-ouest/")

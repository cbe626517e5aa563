"""From part files to a study that is in the lists, whole or not at all."""

import asyncio
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import insert

from archipel.archive.model import Query, StudyKey
from archipel.exchange.manifest import (
    CHUNK_BYTES,
    DIGEST_BYTES,
    SEGMENT_LIST_BYTES,
    StudyManifest,
    digest_of,
    spine_of,
)
from archipel.exchange.plan import plan
from archipel.exchange.schedule import TransferClass
from archipel.exchange.transfer import KEPT, Happening, TransferState
from archipel.exchange.want import Wish, want
from archipel.kernel.actors import Actor, ActorKind, Scope
from archipel.kernel.errors import Conflict, Malformed, NotFound, Unavailable
from archipel.kernel.hierarchy import Level
from archipel.kernel.identifiers import TenantId
from archipel.kernel.uid import Uid
from archipel.protocols.peer.pullers import Pullers
from archipel.stores.sql.schema.archive import withheld_study
from archipel.testing.archipelago.travelling import USUAL, ct_series

HOME, AWAY = TenantId("chu-guadeloupe"), TenantId("chu-martinique")


def scope(*tenants: TenantId) -> Scope:
    return Scope(Actor(ActorKind.PERSON, "lecteur"), frozenset(tenants))


def wanted(reader, key: StudyKey, of_class=TransferClass.ROUTINE):
    wish = Wish(study=key, from_node="gp", of_class=of_class, reason="test", wanted_by=AWAY)
    return want(wish, transfers=reader.transfers, owners=reader.owners, now=reader.now)


def carry(source, spool, transfer, manifest: StudyManifest, *, only: int | None = None) -> int:
    """Carry chunks by hand, as the puller does over a link; returns how many were written."""
    parts = [spool.open(transfer, pack) for pack in manifest.packs]
    for pack, part in zip(manifest.packs, parts, strict=True):
        offered = source.offers.pack(pack.root)
        part.keep_spine(spine_of(offered.described.leaves))
        for segment in range(pack.segments):
            at = segment * SEGMENT_LIST_BYTES
            part.keep_list(segment, offered.described.leaves[at : at + SEGMENT_LIST_BYTES])
    written = 0
    for step in plan(manifest):
        if step.chunk in parts[step.pack].have:
            continue
        if only is not None and written >= only:
            break
        pack = manifest.packs[step.pack]
        ranges = source.packs.ranges(source.offers.pack(pack.root).pack, pack.part)
        content = ranges.read(step.chunk * CHUNK_BYTES, CHUNK_BYTES)
        assert parts[step.pack].write(step.chunk, content)
        written += 1
    return written


def arrive(source, reader, key: StudyKey):
    manifest = source.offered(key)
    row = wanted(reader, key)
    reader.transfers.planned(row.id, manifest, done_bytes=0, now=reader.now)
    spool = reader.spool()
    try:
        carry(source, spool, row.id, manifest)
        spool.adopt(row.id, manifest)
    finally:
        spool.close()
    reader.transfers.happened(row.id, Happening.ALL_WHOLE, now=reader.now)
    return row, manifest


def listed(reader, tenant: TenantId) -> list[str]:
    found = reader.catalogue.find(Level.STUDY, Query(matching={}), scope=scope(tenant))
    return [one.attributes[0x0020000D] for one in found]


def test_a_study_travels_and_appears_at_once_with_its_share_and_provenance(source, reader) -> None:
    key = source.study(series=(4, 3))
    row, manifest = arrive(source, reader, key)
    assert listed(reader, AWAY) == []
    assert reader.held(HOME) == []

    assert reader.adopter()

    assert reader.digests(HOME) == source.digests(HOME)
    assert len(reader.digests(HOME)) == 7
    assert listed(reader, AWAY) == [key.study.value]
    assert reader.transfers.get(row.id, scope=scope(AWAY)).state is TransferState.PUBLISHED
    (came,) = reader.provenance.of(key)
    assert (came.from_node, came.revision) == ("gp", 1)
    assert came.manifest == digest_of(manifest.encoded())
    assert [one.patient.issuer for one in studies(reader)] == [
        one.patient.issuer for one in studies(source)
    ]
    assert [f for f in reader.findings() if f.damage] == []
    assert not reader.adopter()


def studies(node):
    with node.index.transaction() as transaction:
        key = node.held(HOME)[0].key
        return list(transaction.studies({StudyKey(HOME, key.study)}).values())


def test_a_study_that_came_from_elsewhere_is_not_offered_as_ours(source, reader) -> None:
    key = source.study()
    arrive(source, reader, key)
    reader.adopter()
    reader.settle()

    assert reader.offers.sealed(key) is None


def test_taking_in_again_after_a_crash_changes_nothing(source, reader) -> None:
    key = source.study(series=(3, 2))
    row, manifest = arrive(source, reader, key)
    spool = reader.spool()
    spool.adopt(row.id, manifest)  # a crash came before the row was told
    spool.close()
    reader.adopter()
    before = reader.digests(HOME)

    again, _manifest = arrive(source, reader, key)
    reader.adopter()

    assert again.id != row.id
    assert reader.digests(HOME) == before
    (study,) = studies(reader)
    assert study.instances == 5


def test_a_study_that_grew_travels_again_and_keeps_what_is_equal(source, reader) -> None:
    key = source.study(series=(3, 2), side=USUAL)
    arrive(source, reader, key)
    reader.adopter()
    for content in ct_series(key.study, number=2, images=2, side=USUAL, first=3):
        source.receive(content, tenant=HOME)
    source.settle()
    manifest = source.offered(key)
    assert manifest.revision == 2
    row = wanted(reader, key)
    reader.transfers.planned(row.id, manifest, done_bytes=0, now=reader.now)
    spool = reader.spool()

    written = carry(source, spool, row.id, manifest)

    grown = next(p for p in manifest.packs if p.generation > 1 or p.series != first_of(manifest))
    assert written <= grown.chunks  # the pack that did not change was not carried again
    spool.adopt(row.id, manifest)
    spool.close()
    reader.transfers.happened(row.id, Happening.ALL_WHOLE, now=reader.now)
    assert reader.adopter()
    assert reader.digests(HOME) == source.digests(HOME)
    assert [one.revision for one in reader.provenance.of(key)] == [2, 1]


def first_of(manifest: StudyManifest) -> Uid:
    return manifest.packs[0].series


def test_what_lies_in_part_files_counts_after_a_restart_and_damage_does_not(
    source, reader
) -> None:
    key = source.study(series=(6,), side=USUAL)
    manifest = source.offered(key)
    row = wanted(reader, key)
    spool = reader.spool()
    total = sum(pack.chunks for pack in manifest.packs)
    carry(source, spool, row.id, manifest, only=total // 2)
    have = set(spool.open(row.id, manifest.packs[0]).have)
    path = spool.open(row.id, manifest.packs[0]).path
    spool.close()
    torn = sorted(have - {manifest.packs[0].chunks - 1})[len(have) // 3]
    with path.open("r+b") as file:
        file.seek(torn * CHUNK_BYTES + 17)
        byte = file.read(1)[0]
        file.seek(-1, 1)
        file.write(bytes([byte ^ 0xFF]))

    spool = reader.spool()
    again = spool.open(row.id, manifest.packs[0])

    assert again.have == have - {torn}
    missing = total - len(again.have)
    assert carry(source, spool, row.id, manifest) == missing
    assert len(again.have) == manifest.packs[0].chunks
    spool.adopt(row.id, manifest)
    spool.close()


def test_a_chunk_that_comes_after_the_end_touches_no_other_file(source, reader) -> None:
    manifest = source.offered(source.study(series=(6,), side=USUAL))
    row = wanted(reader, manifest.key)
    spool = reader.spool()
    carry(source, spool, row.id, manifest, only=1)
    late = spool.open(row.id, manifest.packs[0])
    pack = manifest.packs[0]
    missing = min(set(range(pack.chunks)) - late.have)
    ranges = source.packs.ranges(source.offers.pack(pack.root).pack, pack.part)
    spool.forget(row.id)
    others = [(reader.home / f"other-{n}").open("wb+") for n in range(8)]  # take the numbers

    with pytest.raises(Unavailable, match="ended"):
        late.write(missing, ranges.read(missing * CHUNK_BYTES, CHUNK_BYTES))

    for other in others:
        assert other.seek(0, 2) == 0
        other.close()
    spool.close()


def test_one_process_fetches_into_a_spool(reader) -> None:
    spool = reader.spool()
    with pytest.raises(Conflict, match="another process"):
        reader.spool()
    spool.close()
    reader.spool().close()


def test_a_pack_of_another_study_under_a_good_root_is_refused(source, reader) -> None:
    ours, other = source.study(), source.study()
    honest = source.offered(ours)
    false = StudyManifest(
        home="gp", key=StudyKey(HOME, other.study), revision=1, packs=honest.packs
    )
    row = wanted(reader, false.key)
    spool = reader.spool()
    carry(source, spool, row.id, false)
    with pytest.raises(Malformed):
        spool.adopt(row.id, false)
    spool.close()
    assert list(reader.packs.inventory()) == []


def test_other_bytes_of_a_held_instance_set_the_transfer_aside(source, reader) -> None:
    key = source.study(series=(2,))
    for content in ct_series(key.study, number=1, images=1, side=64):
        reader.receive(content, tenant=HOME)  # the same UID, other pixels
    reader.catch_up()
    row, _manifest = arrive(source, reader, key)

    assert not reader.adopter()

    held = reader.transfers.get(row.id, scope=scope(AWAY))
    assert held.state is TransferState.QUARANTINED
    assert "other bytes" in held.detail
    assert len(reader.held(HOME)) == 1


def test_a_wish_is_one_row_and_the_more_urgent_class_holds(reader) -> None:
    key = StudyKey(HOME, Uid.fresh())
    first = wanted(reader, key)
    second = wanted(reader, key, TransferClass.STAT)
    third = wanted(reader, key, TransferClass.BACKFILL)

    assert first.id == second.id == third.id
    assert third.of_class is TransferClass.STAT
    with pytest.raises(Conflict, match="at home here"):
        wanted(reader, StudyKey(AWAY, Uid.fresh()))


def test_what_was_called_off_is_taken_up_by_the_next_wish_with_all_that_came(
    source, reader
) -> None:
    manifest = source.offered(source.study(series=(6,), side=USUAL))
    row = wanted(reader, manifest.key)
    reader.transfers.planned(row.id, manifest, done_bytes=0, now=reader.now)
    spool = reader.spool()
    carry(source, spool, row.id, manifest, only=5)
    reader.transfers.progress(row.id, done_bytes=5 * CHUNK_BYTES, low_whole=False, now=reader.now)
    reader.transfers.withdraw(row.id, scope=scope(AWAY), now=reader.now)

    again = wanted(reader, manifest.key, TransferClass.STAT)

    assert again.id == row.id
    assert (again.state, again.of_class) == (TransferState.WANTED, TransferClass.STAT)
    assert again.done_bytes == 5 * CHUNK_BYTES
    assert len(reader.transfers.under_way()) == 1
    rest = carry(source, spool, again.id, manifest)
    assert rest == sum(pack.chunks for pack in manifest.packs) - 5
    spool.close()

    reader.transfers.withdraw(row.id, scope=scope(AWAY), now=reader.now - KEPT * 2)
    late = wanted(reader, manifest.key)
    assert (late.id == row.id, late.done_bytes) == (False, 0)


def test_nobody_else_sees_a_transfer(reader) -> None:
    row = wanted(reader, StudyKey(HOME, Uid.fresh()))
    assert [one.id for one in reader.transfers.visible(scope=scope(AWAY))] == [row.id]
    assert reader.transfers.visible(scope=scope(TenantId("ch-autre"))) == []
    with pytest.raises(NotFound):
        reader.transfers.get(row.id, scope=scope(TenantId("ch-autre")))
    with pytest.raises(NotFound):
        reader.transfers.withdraw(row.id, scope=scope(HOME), now=reader.now)


def test_digests_of_a_pack_are_thirty_two_bytes_each(source) -> None:
    manifest = source.offered(source.study(series=(5,), side=USUAL))
    for pack in manifest.packs:
        described = source.offers.pack(pack.root).described
        assert len(described.leaves) == pack.chunks * DIGEST_BYTES


def test_what_was_called_off_keeps_what_came_and_what_was_recalled_does_not(
    source, reader
) -> None:
    key = source.study(series=(6,), side=USUAL)
    manifest = source.offered(key)
    row = wanted(reader, key)
    reader.transfers.planned(row.id, manifest, done_bytes=0, now=reader.now)
    spool = reader.spool()
    carry(source, spool, row.id, manifest, only=5)
    have = set(spool.open(row.id, manifest.packs[0]).have)
    pullers = Pullers(
        transfers=reader.transfers,
        spool=spool,
        link=lambda _node: None,
        clock=lambda: reader.now,
        holder="mq",
        reserve_bytes=0,
    )
    reader.transfers.withdraw(row.id, scope=scope(AWAY), now=reader.now)

    asyncio.run(pullers.look())
    assert list(spool.transfers()) == [row.id]
    reader.transfers.retry(row.id, scope=scope(AWAY), now=reader.now)
    assert spool.open(row.id, manifest.packs[0]).have == have
    reader.transfers.withdraw(row.id, scope=scope(AWAY), now=reader.now)
    asyncio.run(pullers.look())
    assert list(spool.transfers()) == [row.id]

    with reader.database.write() as connection:
        recalled = {"tenant": HOME.value, "study_instance_uid": key.study.value}
        connection.execute(
            insert(withheld_study).values(**recalled, why="recalled", at=reader.now)
        )
    asyncio.run(pullers.look())
    assert list(spool.transfers()) == []
    spool.close()


def test_what_was_called_off_long_ago_or_while_room_is_short_is_erased(source, reader) -> None:
    manifest = source.offered(source.study(series=(6,), side=USUAL))
    spool = reader.spool()
    short = partial(
        Pullers,
        transfers=reader.transfers,
        spool=spool,
        link=lambda _node: None,
        holder="mq",
    )
    for later, reserve in ((KEPT * 2, 0), (timedelta(0), 1 << 60)):
        row = wanted(reader, manifest.key)
        carry(source, spool, row.id, manifest, only=2)
        reader.transfers.withdraw(row.id, scope=scope(AWAY), now=reader.now)
        pullers = short(clock=lambda later=later: reader.now + later, reserve_bytes=reserve)
        asyncio.run(pullers.look())
        assert list(spool.transfers()) == []
    spool.close()

"""A rotten pack is mended from another node: our own from who fetched it, theirs from home."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.conformance.peer.inside import LEFT_OPEN, address, door, peering, taken_in
from tests.conformance.peer.test_cuts import study_of
from tests.unit.keeping.conftest import flip

from archipel.app.keeping.mending import NO_NODE
from archipel.app.keeping.scrubbing import enter, room_of
from archipel.archive.keeping.model import Damage, MendedBy
from archipel.archive.keeping.scrub import scrub
from archipel.archive.model import StudyKey
from archipel.exchange.transfer import TransferState
from archipel.testing.archipelago.islands import Island, archipelago
from archipel.testing.archipelago.travelling import TravellingNode

pytestmark = LEFT_OPEN
PATIENCE_S = 20


@pytest.mark.slow
def test_a_rotten_pack_is_mended_from_the_node_that_has_it(tmp_path: Path) -> None:
    doors = {"gp": door(), "mq": door()}
    home, guest = archipelago(tmp_path, {name: address(one) for name, one in doors.items()})
    key = study_of(home, 6)
    with peering(home, doors["gp"]), peering(guest, doors["mq"]):
        wanted = guest.want(key, home)
        guest.await_state(wanted.id, TransferState.WHOLE, within_s=30)
        assert taken_in(guest)
        forget_journal(home)
        before = home.digests(key)

        for island, damage in (
            (guest, lambda pack: flip(pack, pack.stat().st_size // 2)),
            (home, lambda pack: flip(pack, pack.stat().st_size // 3)),
            (home, lambda pack: pack.unlink()),
        ):
            (mended, *_) = heal(island, key, damage)
            assert mended.mended_by is MendedBy.PEER, mended
            assert island.digests(key) == before
            assert healthy(island)

        # Both have lost the same bytes: it stays open, and says so.
        for island in (home, guest):
            flip(pack_of(island, key), 200)
        (told, *_) = heal(home, key, lambda _pack: None)
        assert told.mended_by is None
        assert "no other node has this pack: mq" in told.tried
    for one in doors.values():
        one.close()


def heal(
    island: Island,
    key: StudyKey,
    damage: Callable[[Path], object],
) -> list[Damage]:
    """Damage a pack, scrub, and wait for another node's help; the book, newest first."""
    damage(pack_of(island, key))
    with island.open() as node:
        room = room_of(node)
        for read in scrub(room.reading):
            if read.found:
                enter(room, read.found)
        assert len(room.ledger.open_damage()) == 1
        until_s = time.monotonic() + PATIENCE_S
        while (left := room.ledger.open_damage()) and time.monotonic() < until_s:
            if NO_NODE in left[0].tried:
                break
            time.sleep(0.1)
        return list(room.ledger.latest())


def healthy(island: Island) -> bool:
    with island.open() as node:
        return not any(read.found for read in scrub(room_of(node).reading))


def pack_of(island: Island, key: StudyKey) -> Path:
    """Return the largest pack of a study."""
    with island.open() as node:
        shelves = [
            one
            for one in room_of(node).reading.shelves.after(0, limit=99)
            if one.key.study == key.study
        ]
    paths = [island.root / "packs" / pack for shelf in shelves for pack in shelf.packs]
    return max(paths, key=lambda path: path.name)


def forget_journal(island: Island) -> None:
    """Give back the segments of what is sealed."""
    node = TravellingNode(island.root, name=island.name, tenant=island.tenant)
    assert node.tidy().segments
    node.close()

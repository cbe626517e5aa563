"""A scrub finds every bit that rotted, names it, and mends it from the journal."""

from dataclasses import replace
from pathlib import Path

import pytest
from tests.unit.keeping.conftest import Kept, flip

from archipel.app.keeping.pace import Pace, Stopped
from archipel.archive.keeping.model import DamagedKind, MendedBy
from archipel.archive.keeping.scrub import scrub
from archipel.kernel.uid import Uid
from archipel.stores.packs.format import HEAD_BYTES
from archipel.testing.archipelago.travelling import ct_series


def test_what_is_whole_is_read_once_and_nothing_is_entered(kept: Kept) -> None:
    key = kept.node.study(series=(3, 2))
    kept.node.offered(key)

    assert kept.scrub() == []
    sizes = [path.stat().st_size for path in (kept.node.home / "packs").glob("*/*.pack")]
    assert sum(kept.read) == sum(sizes)  # its files alone: their digests say all


def test_a_flipped_bit_anywhere_in_a_described_pack_is_found(kept: Kept) -> None:
    key = kept.node.study(series=(3,))
    kept.node.offered(key)
    pack = kept.pack(key)
    size = pack.stat().st_size

    for offset in [0, HEAD_BYTES, size - 1, *range(7, size, size // 20)]:
        flip(pack, offset)
        (read,) = scrub(kept.reading)
        assert [one.name for one in read.found] == [f"{key.tenant}/{pack.name}"], offset
        flip(pack, offset)
    assert kept.scrub() == []


def test_a_flipped_bit_is_found_by_the_instances_where_nothing_was_described(kept: Kept) -> None:
    key = kept.node.study(series=(3,))
    pack = kept.pack(key)
    size = pack.stat().st_size

    for offset in range(HEAD_BYTES + 5, size, size // 12):
        flip(pack, offset)
        (read,) = scrub(kept.reading)
        assert read.found, offset
        flip(pack, offset)


def test_damage_is_named_by_pack_entry_and_our_number_of_the_study(kept: Kept) -> None:
    key = kept.node.study(series=(3,))
    pack = kept.pack(key)
    reader = kept.node.packs.open(f"{key.tenant}/{pack.name}").first
    second = reader.directory.entries[1].fills[0]
    flip(pack, reader.directory.rest.offset + second.at)

    (damage,) = kept.scrub()

    assert damage.found.kind is DamagedKind.PACK
    assert damage.found.entries == (1,)
    assert damage.found.instances == 1
    assert damage.found.study is not None
    assert kept.scrub() == []  # known: one entry of the book while it is open


@pytest.mark.parametrize("offered", [False, True])
def test_a_pack_is_built_again_from_the_journal_that_still_has_it(
    kept: Kept, offered: bool
) -> None:
    key = kept.node.study(series=(3,))
    if offered:
        before = kept.node.offered(key)
    flip(kept.pack(key), HEAD_BYTES + 20)
    kept.scrub()

    assert kept.mend() == [True]
    assert kept.whole()
    (mended,) = kept.ledger.latest()
    assert mended.mended_by is MendedBy.JOURNAL
    assert kept.scrub() == []
    if offered:  # its root is another: the study is described anew
        after = kept.node.offered(key)
        assert after.revision == before.revision + 1
        assert kept.scrub() == []


def test_a_pack_that_is_gone_is_built_again_from_the_journal(kept: Kept) -> None:
    key = kept.node.study(series=(2,))
    kept.pack(key).unlink()
    kept.scrub()

    assert kept.mend() == [True]
    assert kept.whole()


def test_what_nobody_else_has_stays_open_until_it_is_sent_again(kept: Kept) -> None:
    key = kept.node.study(series=(1,))
    (held,) = kept.node.held()
    content = kept.node.contents.dataset(held)
    assert kept.node.tidy().segments
    flip(kept.pack(key), kept.pack(key).stat().st_size // 2)
    kept.scrub()
    assert kept.mend() == [False]
    assert kept.ledger.open_damage()[0].tried

    kept.node.receive(content)  # the modality sends it again: a duplicate, of the same digest
    kept.node.catch_up()

    assert kept.mend() == [True]
    assert kept.whole()


def test_a_damaged_record_of_an_open_series_is_found_and_mended_by_another_copy(
    kept: Kept,
) -> None:
    (content,) = ct_series(Uid.fresh(), number=1, images=1, side=96)
    place = kept.node.receive(content)
    kept.node.catch_up()
    segment = kept.node.home / "journal" / f"{place.segment:016x}.seg"
    flip(segment, place.offset + 4000)

    (damage,) = kept.scrub()
    assert damage.found.kind is DamagedKind.RECORD
    assert kept.mend() == [False]

    kept.node.receive(content)
    kept.node.catch_up()
    assert kept.mend() == [True]
    assert kept.whole()
    kept.node.settle()
    assert kept.whole()
    assert kept.node.tidy().segments == len([segment]) or kept.node.segments.numbers() == []


def test_a_pass_that_was_interrupted_goes_on_where_it_was(kept: Kept) -> None:
    for _ in range(3):
        kept.node.study(series=(1,))
    first = next(iter(scrub(kept.reading)))
    begun = kept.begin()
    kept.ledger.progress(replace(begun, cursor=first.cursor or 0, objects=1))

    again = kept.begin()

    assert (again.number, again.cursor) == (begun.number, first.cursor)
    assert len(list(scrub(kept.reading, after=again.cursor))) == 2
    kept.ledger.progress(replace(again, ended_at=kept.node.now))
    assert kept.begin().number != begun.number


def test_a_scrub_reads_no_faster_than_it_may_and_a_tenth_beside_work() -> None:
    now, busy = [0.0], [False]

    def wait(seconds: float) -> bool:
        now[0] += seconds
        return False

    pace = Pace(1e6, busy=lambda: busy[0], wait=wait, clock=lambda: now[0])
    for _ in range(100):
        pace(100_000)
    assert now[0] == pytest.approx(10, abs=0.2)

    busy[0] = True
    began = now[0] = now[0] + 10
    for _ in range(10):
        pace(100_000)
    assert now[0] - began == pytest.approx(10, abs=1.5)


def test_a_scrub_that_is_told_to_end_ends_at_once() -> None:
    pace = Pace(1e6, busy=lambda: False, wait=lambda _s: True)
    with pytest.raises(Stopped):
        pace(1)


def test_a_full_pass_of_a_node_counts_strays(kept: Kept, tmp_path: Path) -> None:
    key = kept.node.study(series=(1,))
    pack = kept.pack(key)
    stray = pack.with_name("0" * 32 + "-1.pack")
    stray.write_bytes(pack.read_bytes())
    packs = [name for name, _at in kept.node.packs.inventory()]
    assert len(set(packs) - set(kept.node.seals.packs_in_use(packs))) == 1

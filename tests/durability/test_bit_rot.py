"""One scrub finds every flipped bit, every pack that is gone and every stray, and mends them."""

from pathlib import Path

import pytest
from tests.unit.keeping.conftest import Kept, flip

from archipel.archive.keeping.scrub import scrub
from archipel.testing.archipelago.travelling import TravellingNode


@pytest.mark.parametrize(
    ("packs", "flipped", "deleted", "strays"),
    [
        pytest.param(20, 6, 2, 2, marks=pytest.mark.slow),
        pytest.param(4000, 400, 40, 40, marks=[pytest.mark.slow, pytest.mark.long]),
    ],
)
def test_one_scrub_finds_all_that_rotted_and_the_journal_mends_it(
    tmp_path: Path, packs: int, flipped: int, deleted: int, strays: int
) -> None:
    node = TravellingNode(tmp_path, name="gp")
    node.hear_of()
    kept = Kept(node)
    for _ in range(packs // 20):
        node.study(series=(1,) * 20, side=16)
    before = node.digests(node.tenant)
    paths = sorted((tmp_path / "packs").glob("*/*.pack"))
    assert len(paths) == packs
    rotten = paths[:: packs // flipped][:flipped]
    for number, path in enumerate(rotten):
        size = path.stat().st_size
        flip(path, 64 + number * 7919 % (size - 64), number % 8)
    gone = [path for path in paths if path not in rotten][:deleted]
    for path in gone:
        path.unlink()
    for number in range(strays):
        (paths[0].parent / f"{number:032x}-1.pack").write_bytes(b"stray")

    found = [one for read in scrub(kept.reading) for one in read.found]

    expected = {f"{node.tenant}/{path.name}" for path in [*rotten, *gone]}
    assert {one.name for one in found} == expected
    listed = [pack for pack, _at in node.packs.inventory()]
    assert len(set(listed) - set(node.seals.packs_in_use(listed))) == strays
    kept.ledger.note(found, now=node.now)
    assert all(kept.mend())
    assert node.digests(node.tenant) == before
    node.tidy()
    assert len(list(node.packs.inventory())) == packs
    node.close()

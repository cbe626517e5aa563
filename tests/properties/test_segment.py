"""A segment gives back what was committed and nothing else, whatever happened to its bytes."""

import contextlib
import os
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from blake3 import blake3
from hypothesis import given, settings
from hypothesis import strategies as st

from archipel.archive.model import JournalPlace, Receipt
from archipel.kernel.errors import Malformed
from archipel.kernel.identifiers import TenantId
from archipel.kernel.uid import Uid
from archipel.stores.journal import segment as form
from archipel.stores.journal.journal import FileJournal, JournalPolicy

TEXT = st.text(max_size=40)
UIDS = st.integers(0, 2**96).map(lambda n: Uid(f"2.25.{n}"))
MOMENTS = st.integers(0, 2**52).map(
    lambda us: datetime(1970, 1, 1, tzinfo=UTC) + us * datetime.resolution
)
HEADERS = st.dictionaries(st.integers(0, 2**32 - 1), TEXT, max_size=8)
RECEIPTS = st.builds(
    Receipt,
    tenant=st.sampled_from([TenantId("ch-ouest"), TenantId("a")]),
    patient_issuer=TEXT,
    source=TEXT,
    peer=TEXT,
    door=st.sampled_from(["dimse", "stow", "import", "peer"]),
    association=TEXT,
    sop_class=UIDS,
    sop_instance=UIDS,
    transfer_syntax=UIDS,
    digest=st.binary(min_size=32, max_size=32),
    received_at=MOMENTS,
    header=HEADERS,
)


@given(RECEIPTS)
def test_a_receipt_comes_back_as_it_was(receipt: Receipt) -> None:
    assert form.unpack_receipt(form.pack_receipt(receipt)) == receipt


@given(st.binary(max_size=200))
def test_other_bytes_are_no_receipt(content: bytes) -> None:
    with contextlib.suppress(Malformed):
        form.unpack_receipt(content)


def test_text_that_nothing_can_encode_does_not_cost_the_instance() -> None:
    odd = _receipt(b"", 1, header={0x00100010: "TEST-\udcff"})

    assert form.unpack_receipt(form.pack_receipt(odd)).header == {0x00100010: "TEST-?"}


def _receipt(content: bytes, number: int, header: dict[int, str] | None = None) -> Receipt:
    return Receipt(
        tenant=TenantId("ch-ouest"),
        patient_issuer="CHO",
        source="CT1",
        peer="192.0.2.7",
        door="dimse",
        association="a",
        sop_class=Uid("1.2.840.10008.5.1.4.1.1.2"),
        sop_instance=Uid(f"2.25.{number}"),
        transfer_syntax=Uid("1.2.840.10008.1.2.1"),
        digest=blake3(content).digest(),
        received_at=datetime(2026, 3, 1, tzinfo=UTC),
        header=header or {},
    )


def _write(home: Path, contents: list[bytes]) -> tuple[Path, list[JournalPlace]]:
    journal = FileJournal(home, policy=JournalPolicy(low_water_bytes=0))
    slot = journal.slot()
    places = []
    for number, content in enumerate(contents):
        slot.begin(b"meta")
        slot.write([content])
        places.append(slot.commit(_receipt(content, number)))
    slot.close()
    journal.close()
    return home / "journal" / form.file_name(places[0].segment), places


def _found(path: Path, *, verify: bool = True) -> list[form.Record]:
    fd = os.open(path, os.O_RDONLY)
    try:
        return list(form.scan(fd, verify=verify))
    finally:
        os.close(fd)


CONTENTS = st.lists(st.binary(max_size=300), min_size=1, max_size=5)


@settings(max_examples=60, deadline=None)
@given(CONTENTS, st.data())
def test_a_torn_tail_costs_only_what_it_tore(contents: list[bytes], data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as home:
        path, _places = _write(Path(home), contents)
        whole = _found(path)
        cut = data.draw(st.integers(0, path.stat().st_size))
        os.truncate(path, cut)

        found = _found(path)

        assert found == whole[: len(found)]
        assert len(found) >= len([r for r in whole if r.end <= cut])


@settings(max_examples=100, deadline=None)
@given(CONTENTS, st.data())
def test_a_flipped_bit_costs_at_most_the_record_it_is_in(
    contents: list[bytes], data: st.DataObject
) -> None:
    with tempfile.TemporaryDirectory() as home:
        path, _places = _write(Path(home), contents)
        whole = _found(path)
        content = bytearray(path.read_bytes())
        at = data.draw(st.integers(form.HEADER_BYTES, len(content) - 1))
        content[at] ^= 1 << data.draw(st.integers(0, 7))
        path.write_bytes(content)

        found = _found(path)

        touched = [r.offset for r in whole if r.offset <= at < r.end]
        kept = {r.offset for r in found}
        assert {r.offset for r in whole} - kept <= set(touched)
        assert all(r.receipt in [w.receipt for w in whole] for r in found)


@settings(max_examples=100)
@given(st.binary(max_size=600))
def test_any_file_is_scanned_without_harm(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as home:
        path = Path(home, "x")
        path.write_bytes(content)
        assert _found(path) == []

        path.write_bytes(form.SegmentHeader(1, 2, 3, b"nonceful").pack() + content)
        assert _found(path) == []


def test_a_record_planted_in_a_data_set_is_never_taken(tmp_path: Path) -> None:
    path, places = _write(tmp_path, [b"", b"x" * 4000])
    real = path.read_bytes()
    number = places[0].segment
    guess = form.SegmentHeader(1, number, number >> 12, b"guessed!")
    inner = b"planted"
    trailer = form.trailer(_receipt(inner, 666), 512)
    head = form.record_header(guess, 2, kind=1, meta=0, trailer=len(trailer), dataset=len(inner))
    planted = real[: places[1].offset].ljust(512, b"\0") + head + inner + trailer
    path.write_bytes(planted.ljust(len(real), b"\0"))

    found = _found(path)

    assert [r.receipt.sop_instance for r in found] == [Uid("2.25.0")]


def test_a_gap_is_told_and_what_follows_is_still_found(tmp_path: Path) -> None:
    path, places = _write(tmp_path, [b"a", b"b", b"c"])
    content = bytearray(path.read_bytes())
    content[places[1].offset] ^= 1
    path.write_bytes(content)

    found = _found(path)

    assert [r.offset for r in found] == [places[0].offset, places[2].offset]
    assert found[1].skipped == places[2].offset - places[1].offset
    assert len(_found(path, verify=False)) == 1


@pytest.mark.parametrize(
    "name", ["x.seg", "0123.seg", "00000000000000AB.seg", "-000000000000001.seg"]
)
def test_other_names_are_no_segments(name: str) -> None:
    assert form.segment_of(name) is None

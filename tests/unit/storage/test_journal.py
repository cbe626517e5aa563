"""What is committed is found again, whole, by the tail and by its place."""

import errno
import io
import os
from pathlib import Path

import pydicom
import pytest

from archipel.archive.errors import DamagedContent
from archipel.archive.model import JournalPlace
from archipel.kernel.errors import Exhausted, Malformed, Unavailable
from archipel.stores.journal import slot as slots
from archipel.stores.journal.journal import FileJournal
from archipel.stores.journal.reader import JournalReader
from archipel.stores.journal.segment import file_name
from archipel.stores.journal.tail import JournalTail


def _append(journal, receipt, meta, contents) -> list[JournalPlace]:
    slot = journal.slot()
    places = []
    for number, content in enumerate(contents):
        slot.begin(meta)
        slot.write([content[:7], memoryview(content)[7:]])
        places.append(slot.commit(receipt(content, number=number)))
    slot.close()
    return places


def test_a_committed_record_comes_back_whole(journal, tmp_path, receipt, meta) -> None:
    contents = [b"", b"x", b"y" * 100_000]

    places = _append(journal, receipt, meta, contents)

    reader = JournalReader(tmp_path)
    assert [reader.dataset(place) for place in places] == contents
    assert reader.record(places[2]).receipt == receipt(contents[2], number=2)
    assert reader.meta(places[0]) == meta
    assert reader.range(places[2], 99_998, 10) == b"yy"
    assert b"".join(reader.part10(places[2])) == meta + contents[2]


def test_the_tail_gives_what_was_announced_and_lets_the_fence_go(
    journal, tmp_path, receipt, meta
) -> None:
    tail = JournalTail(tmp_path, {})
    assert list(tail.replay()) == []
    places = _append(journal, receipt, meta, [b"a", b"bb", b"ccc"])
    assert not journal.wait_indexed(places[2], timeout_s=0.01)

    batches = tail.batches(timeout_s=1)
    tail.indexed(batches)

    found = [record for batch in batches for record in batch.records]
    assert [record.place for record in found] == places
    assert [record.size_bytes for record in found] == [1, 2, 3]
    assert batches[-1].end == found[-1].end
    assert journal.wait_indexed(places[2], timeout_s=0.01)
    assert tail.batches(timeout_s=0) == []
    tail.close()


def test_an_index_writer_that_starts_again_goes_on_where_the_index_stands(
    journal, tmp_path, receipt, meta
) -> None:
    places = _append(journal, receipt, meta, [b"a", b"bb", b"ccc"])
    ends = [JournalReader(tmp_path).record(place).end for place in places]

    tail = JournalTail(tmp_path, {places[0].segment: ends[0]})

    assert [r.place for b in tail.replay() for r in b.records] == places[1:]
    assert tail.batches(timeout_s=0) == []  # announced before it was there: known by replay
    tail.close()


def test_an_abandoned_record_is_overwritten_and_never_seen(
    journal, tmp_path, receipt, meta
) -> None:
    slot = journal.slot()
    slot.begin(meta)
    slot.write([b"half of something" * 1000])
    slot.abandon()
    slot.begin(meta)
    slot.write([b"whole"])

    place = slot.commit(receipt(b"whole"))

    slot.close()
    tail = JournalTail(tmp_path, {})
    assert [r.place for b in tail.replay() for r in b.records] == [place]
    tail.close()


def test_two_slots_never_share_a_segment(journal, receipt, meta) -> None:
    one, other = journal.slot(), journal.slot()
    one.begin(meta)
    other.begin(meta)

    places = {slot.commit(receipt(b"")).segment for slot in (one, other)}

    assert len(places) == 2
    one.close()
    other.close()


def test_a_full_segment_is_left_for_a_new_one(journal, receipt, meta) -> None:
    places = _append(journal, receipt, meta, [b"z" * 40_000] * 4)

    assert len({place.segment for place in places}) == 2


def test_the_next_slot_of_the_process_goes_on_in_the_idle_segment(journal, receipt, meta) -> None:
    first = _append(journal, receipt, meta, [b"a"])
    second = _append(journal, receipt, meta, [b"b"])

    assert first[0].segment == second[0].segment
    assert first[0].offset < second[0].offset


def test_a_silent_index_writer_stops_the_intake_within_its_time(journal, receipt, meta) -> None:
    slot = journal.slot()
    late = journal.slot()
    late.begin(meta)
    for _ in range(4096):
        journal._announcements.send(1, 1, timeout_s=0)

    with pytest.raises(Exhausted, match="index writer"):
        slot.begin(meta)
    with pytest.raises(Exhausted, match="index writer"):
        late.commit(receipt(b""))

    slot.close()
    late.close()


def test_a_flipped_bit_is_never_served(journal, tmp_path, receipt, meta) -> None:
    [place] = _append(journal, receipt, meta, [b"pixels" * 100])
    path = tmp_path / "journal" / file_name(place.segment)
    content = bytearray(path.read_bytes())
    content[content.index(b"pixels") + 50] ^= 1
    path.write_bytes(content)
    reader = JournalReader(tmp_path)

    with pytest.raises(DamagedContent, match=r"2\.25\.0"):
        reader.dataset(place)
    with pytest.raises(DamagedContent):
        list(reader.part10(place))


def test_a_reclaimed_segment_is_unavailable(tmp_path: Path) -> None:
    FileJournal(tmp_path).close()
    with pytest.raises(Unavailable, match="No such file"):
        JournalReader(tmp_path).dataset(JournalPlace(4711, 64))


def test_an_endless_meta_group_is_malformed(journal) -> None:
    with pytest.raises(Malformed, match=r"PS3\.10"):
        journal.slot().begin(bytes(70_000))


def test_meta_and_data_set_together_are_a_part10_file(journal, tmp_path, receipt) -> None:
    file = io.BytesIO()
    dataset = pydicom.Dataset()
    dataset.PatientName = "TEST-Zoé^Éva"
    dataset.SOPClassUID, dataset.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.2", "2.25.7"
    dataset.file_meta = pydicom.dataset.FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.1"
    dataset.SpecificCharacterSet = "ISO_IR 192"
    pydicom.dcmwrite(file, dataset, enforce_file_format=True)
    whole = file.getvalue()
    split = whole.index(b"\x08\x00\x05\x00")
    slot = journal.slot()
    slot.begin(whole[:split])
    slot.write([whole[split:]])

    place = slot.commit(receipt(whole[split:]))

    again = pydicom.dcmread(io.BytesIO(b"".join(JournalReader(tmp_path).part10(place))))
    assert again == dataset
    slot.close()


def test_kept_records_are_announced_together_once_they_are_durable(
    journal, tmp_path, receipt, meta, monkeypatch
) -> None:
    synced = []
    monkeypatch.setattr(os, "fdatasync", lambda fd, real=os.fdatasync: synced.append(real(fd)))
    tail = JournalTail(tmp_path, {})
    assert list(tail.replay()) == []
    slot = journal.slot()

    places = _keep(slot, receipt, meta, [b"a", b"b" * 500, b"c"])

    assert tail.batches(timeout_s=0) == []
    assert synced == []
    slot.secure()
    slot.secure()
    assert len(synced) == 1
    assert [r.place for b in tail.batches(timeout_s=1) for r in b.records] == places
    slot.close()
    tail.close()


def test_a_slot_that_closes_makes_safe_what_came_whole(journal, tmp_path, receipt, meta) -> None:
    tail = JournalTail(tmp_path, {})
    assert list(tail.replay()) == []
    slot = journal.slot()
    places = _keep(slot, receipt, meta, [b"a", b"b"])
    slot.begin(meta)

    slot.close()

    assert [r.place for b in tail.batches(timeout_s=1) for r in b.records] == places
    tail.close()


def test_what_is_kept_stays_within_bounds(journal, receipt, meta, monkeypatch) -> None:
    synced = []
    monkeypatch.setattr(os, "fdatasync", lambda fd, real=os.fdatasync: synced.append(real(fd)))
    monkeypatch.setattr(slots, "_UNSAFE_BYTES", 1000)
    slot = journal.slot()

    _keep(slot, receipt, meta, [b"x" * 600] * 6)

    assert 1 < len(synced) <= 6
    slot.close()


@pytest.mark.parametrize("failing", ["fdatasync", "pwritev"])
def test_a_disk_that_fails_takes_all_that_was_kept_and_nothing_more(
    journal, tmp_path, receipt, meta, monkeypatch, failing: str
) -> None:
    slot = journal.slot()
    slot.begin(meta)
    slot.write([b"safe"])
    safe = slot.commit(receipt(b"safe"))
    kept = _keep(slot, receipt, meta, [b"a", b"bb"])

    def fails(*_arguments: object) -> None:
        raise OSError(errno.EIO, "the disk")

    with monkeypatch.context() as broken:
        broken.setattr(os, failing, fails)
        with pytest.raises(Unavailable):
            _keep(slot, receipt, meta, [b"ccc"])
            slot.secure()
    for again in (slot.secure, lambda: slot.begin(meta)):
        with pytest.raises(Unavailable):
            again()
    slot.close()

    reader = JournalReader(tmp_path)
    assert reader.dataset(safe) == b"safe"
    for place in kept:
        with pytest.raises(Unavailable):
            reader.dataset(place)


def _keep(slot, receipt, meta, contents) -> list[JournalPlace]:
    places = []
    for number, content in enumerate(contents):
        slot.begin(meta)
        slot.write([content])
        places.append(slot.keep(receipt(content, number=number)))
    return places

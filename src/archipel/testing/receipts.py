"""Receipts as a receiver would write them, for tests that need no real data sets."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from blake3 import blake3

from archipel.archive.drafts import image_attributes
from archipel.archive.model import (
    Batch,
    Held,
    JournalPlace,
    PackPlace,
    Receipt,
    Recorded,
    Sealed,
    SeriesKey,
)
from archipel.archive.ports import SealIndex, Slot
from archipel.kernel.identifiers import TenantId
from archipel.kernel.uid import Uid
from archipel.stores.packs.index import Packed, pack_index

CT_IMAGE_STORAGE = Uid("1.2.840.10008.5.1.4.1.1.2")
EXPLICIT_VR_LITTLE_ENDIAN = Uid("1.2.840.10008.1.2.1")
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
RECORD_BYTES = 1024  # what `batch` makes one record take


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One instance as sent: numbers that stand for UIDs, and whatever else a test cares for."""

    study: int = 1
    series: int = 1
    instance: int = 1
    content: str = ""  # other content, other digest
    tenant: str = "ouest"
    association: str = "a1"
    at: datetime = NOON
    header: tuple[tuple[int, str], ...] = ()


def study_uid(number: int) -> Uid:
    """Give the UID of study `number`."""
    return Uid(f"2.25.1{number}")


def series_uid(study: int, series: int) -> Uid:
    """Give the UID of a series."""
    return Uid(f"2.25.2{study}.{series}")


def instance_uid(study: int, series: int, instance: int) -> Uid:
    """Give the UID of an instance."""
    return Uid(f"2.25.3{study}.{series}.{instance}")


def receipt(sent: Sent) -> Receipt:
    """Write the receipt of `sent`: a CT image of a patient who is marked as test."""
    sop_instance = instance_uid(sent.study, sent.series, sent.instance)
    header = {
        0x00080016: CT_IMAGE_STORAGE.value,
        0x00080018: sop_instance.value,
        0x00080020: "20260302",
        0x00080030: f"1{sent.study % 10}0000",
        0x00080050: f"ACC{sent.study}",
        0x00080060: "CT",
        0x0008103E: f"TEST-SERIE {sent.series}",
        0x00081030: "TEST-THORAX",
        0x00100010: f"TEST-MARTIN^LÉA{sent.study}",
        0x00100020: f"P{sent.study}",
        0x00100030: "19700101",
        0x00100040: "F",
        0x0020000D: study_uid(sent.study).value,
        0x0020000E: series_uid(sent.study, sent.series).value,
        0x00200011: str(sent.series),
        0x00200013: str(sent.instance),
        0x00280010: "512",
        0x00280011: "512",
    }
    header.update(sent.header)
    return Receipt(
        tenant=TenantId(sent.tenant),
        patient_issuer=f"{sent.tenant}-ids",
        source="TEST_CT",
        peer="127.0.0.1",
        door="dimse",
        association=sent.association,
        sop_class=CT_IMAGE_STORAGE,
        sop_instance=sop_instance,
        transfer_syntax=EXPLICIT_VR_LITTLE_ENDIAN,
        digest=blake3(dataset(sent)).digest(),
        received_at=sent.at,
        header={tag: value for tag, value in header.items() if value != ABSENT},
    )


def dataset(sent: Sent) -> bytes:
    """Give bytes that stand for the data set; no parser reads them."""
    return f"{instance_uid(sent.study, sent.series, sent.instance)} {sent.content}".encode()


def commit(slot: Slot, sent: Sent) -> JournalPlace:
    """Receive `sent` into a journal, as a door does."""
    slot.begin(bytes(128) + b"DICM")
    slot.write([dataset(sent)])
    return slot.commit(receipt(sent))


ABSENT = "\0absent"
"""A header value that takes the attribute away."""


def batch(segment: int, instances: Sequence[Sent], *, first: int = 0) -> Batch:
    """Lay `instances` one behind the other in a segment, from record number `first` on."""
    records = tuple(
        Recorded(
            place=JournalPlace(segment, number * RECORD_BYTES + 64),
            end=(number + 1) * RECORD_BYTES + 64,
            size_bytes=RECORD_BYTES // 2,
            receipt=receipt(sent),
        )
        for number, sent in enumerate(instances, first)
    )
    end = records[-1].end if records else first * RECORD_BYTES + 64
    return Batch(segment=segment, end=end, records=records)


def later(seconds: float) -> datetime:
    """Give the time so long after `NOON`."""
    return NOON + timedelta(seconds=seconds)


def seal_as_is(index: SealIndex, key: SeriesKey, *, now: datetime) -> Sealed:
    """Publish a series as if a pack had been written: for tests that read no bytes."""
    series = index.to_seal(key)
    if series is None:
        raise AssertionError(f"nothing of {key} is open")
    pack = f"{key.tenant}/{key.series}-{series.generation}.pack"
    held = tuple(
        replace(one, place=PackPlace(pack, entry)) for entry, one in enumerate(series.instances)
    )
    headers = [image_attributes(receipt(_sent_as(one)).header) for one in held]
    sealed = Sealed(
        key=key,
        generation=series.generation,
        pack=pack,
        size_bytes=sum(one.size_bytes for one in held),
        instances=held,
        index=pack_index([Packed(*pair) for pair in zip(held, headers, strict=True)]),
    )
    if not index.publish(sealed, now=now):
        raise AssertionError(f"{key} grew meanwhile")
    return sealed


def _sent_as(held: Held) -> Sent:
    study, series, instance = str(held.key.sop_instance).removeprefix("2.25.3").split(".")
    return Sent(study=int(study), series=int(series), instance=int(instance))

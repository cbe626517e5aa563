"""What the storage tests share: receipts of made-up instances and a journal in a folder."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pydicom
import pytest
from blake3 import blake3
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset

from archipel.archive.model import Held, InstanceKey, Receipt, Sealed, SeriesKey, ToSeal
from archipel.kernel.identifiers import TenantId
from archipel.kernel.uid import Uid
from archipel.stores.contents import HeldContents
from archipel.stores.journal.journal import FileJournal, JournalPolicy
from archipel.stores.journal.tail import JournalTail
from archipel.stores.packs.store import PackStore

NOW = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
EXPLICIT = "1.2.840.10008.1.2.1"
META = bytes(128) + b"DICM" + b"\2\0\0\0UL\4\0\0\0\0\0"

ReceiptOf = Callable[..., Receipt]


def make_receipt(content: bytes, *, number: int = 1, **changed: object) -> Receipt:
    """Make the receipt of an instance whose data set is `content`."""
    fields: dict[str, object] = {
        "tenant": TenantId("ch-ouest"),
        "patient_issuer": "CHO",
        "source": "CT1",
        "peer": "192.0.2.7",
        "door": "dimse",
        "association": "a-1",
        "sop_class": Uid("1.2.840.10008.5.1.4.1.1.2"),
        "sop_instance": Uid(f"2.25.{number}"),
        "transfer_syntax": Uid("1.2.840.10008.1.2.1"),
        "digest": blake3(content).digest(),
        "received_at": NOW,
        "header": {0x0020000D: "2.25.100", 0x0020000E: "2.25.101", 0x00100010: "TEST-Zoé^Éva"},
    }
    return Receipt(**(fields | changed))  # type: ignore[arg-type]  # fields are checked by use


@pytest.fixture
def receipt() -> ReceiptOf:
    return make_receipt


@pytest.fixture
def meta() -> bytes:
    return META


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[FileJournal]:
    small = JournalPolicy(roll_bytes=64 << 10, low_water_bytes=0, announce_timeout_s=0.2)
    opened = FileJournal(tmp_path, policy=small)
    yield opened
    opened.close()


class Shelf:
    """A home where instances of one series are received, and what reads it."""

    KEY = SeriesKey(TenantId("ch-ouest"), Uid("2.25.100"), Uid("2.25.101"))

    def __init__(self, home: Path) -> None:
        self.home = home
        self.journal = FileJournal(home, policy=JournalPolicy(low_water_bytes=0))
        self._tail = JournalTail(home, {})
        list(self._tail.replay())
        self.packs = PackStore(home)
        self.contents = HeldContents(home)

    def receive(
        self, content: bytes, *, number: int = 1, syntax: str = EXPLICIT, frames: int = 1
    ) -> Held:
        """Commit one data set and say what the index would hold."""
        receipt = make_receipt(content, number=number, transfer_syntax=Uid(syntax))
        slot = self.journal.slot()
        slot.begin(META)
        slot.write([content])
        place = slot.commit(receipt)
        slot.close()
        self._tail.batches(timeout_s=0)
        return Held(
            tenant=receipt.tenant,
            key=InstanceKey(self.KEY.study, self.KEY.series, receipt.sop_instance),
            sop_class=receipt.sop_class,
            transfer_syntax=receipt.transfer_syntax,
            size_bytes=len(content),
            digest=receipt.digest,
            number=number,
            frames=frames,
            received_at=receipt.received_at,
            source=receipt.source,
            place=place,
        )

    def seal(self, held: Sequence[Held], *, generation: int = 1) -> Sealed:
        """Pack these."""
        return self.packs.build(ToSeal(key=self.KEY, generation=generation, instances=tuple(held)))

    def close(self) -> None:
        """Let the journal go."""
        self.journal.close()
        self._tail.close()


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    opened = Shelf(tmp_path)
    yield opened
    opened.close()


def make_image(pixels: np.ndarray, *, number: int = 1, **attributes: object) -> bytes:
    """Write a data set around an array of shape (rows, columns) or (frames, rows, columns)."""
    dataset = pydicom.Dataset()
    dataset.SOPClassUID, dataset.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.2", f"2.25.{number}"
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = "2.25.100", "2.25.101"
    dataset.PatientName, dataset.SpecificCharacterSet = "TEST-Zoé^Éva", "ISO_IR 192"
    dataset.InstanceNumber = number
    dataset.Rows, dataset.Columns = pixels.shape[-2:]
    if pixels.ndim == 3:
        dataset.NumberOfFrames = pixels.shape[0]
    bits = pixels.dtype.itemsize * 8
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated = dataset.BitsStored = bits
    dataset.HighBit, dataset.PixelRepresentation = bits - 1, int(pixels.dtype.kind == "i")
    dataset.add_new(0x7FE00010, "OW", pixels.tobytes())
    for keyword, value in attributes.items():
        setattr(dataset, keyword, value)
    return encoded(dataset)


def encoded(dataset: pydicom.Dataset, *, implicit: bool = False, little: bool = True) -> bytes:
    """Write a data set without group 2."""
    file = DicomBytesIO()
    file.is_implicit_VR, file.is_little_endian = implicit, little
    write_dataset(file, dataset)
    return file.getvalue()


@pytest.fixture
def image() -> Callable[..., bytes]:
    return make_image


@pytest.fixture
def smooth() -> np.ndarray:
    """Return an image of 64 by 64 that compresses: a slope with a little noise."""
    noise = np.random.default_rng(7).integers(0, 4, (64, 64))
    return (np.add.outer(np.arange(64), np.arange(64)) * 8 + noise).astype("<u2")

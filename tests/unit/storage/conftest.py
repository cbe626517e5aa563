"""What the storage tests share: receipts of made-up instances and a journal in a folder."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from blake3 import blake3

from archipel.archive.model import Receipt
from archipel.kernel.identifiers import TenantId
from archipel.kernel.uid import Uid
from archipel.stores.journal.journal import FileJournal, JournalPolicy

NOW = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
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

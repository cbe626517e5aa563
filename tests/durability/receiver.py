"""A receiver for fault tests: appends made-up instances to a journal and says what became of each.

Lines on stdout: `ack NUMBER`, `refused NUMBER KIND READ_ONLY_REASON`. Run under strace, it is the
process that dies or meets the failing disk.
"""

import argparse
import struct
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from blake3 import blake3

from archipel.archive.model import Receipt
from archipel.kernel.errors import ArchipelError
from archipel.kernel.identifiers import TenantId
from archipel.kernel.uid import Uid
from archipel.stores.journal.journal import FileJournal, JournalPolicy

META = bytes(128) + b"DICM"
MADE_AT = datetime(2026, 3, 1, tzinfo=UTC)
INSTANCES_PER_SERIES = 20


def content_of(number: int, size_bytes: int) -> bytes:
    """Make the data set of instance `number`, one private value: the same each time."""
    head = struct.pack("<HH2sHI", 9, 0x1000, b"OB", 0, size_bytes - 12)
    return head + Random(number).randbytes(size_bytes - 12)  # noqa: S311 (to be made again, not to be secret)


def receipt_of(number: int, content: bytes) -> Receipt:
    """Make its receipt."""
    series = number // INSTANCES_PER_SERIES
    uid = Uid(f"2.25.{number + 1}")
    return Receipt(
        tenant=TenantId("ch-ouest"),
        patient_issuer="CHO",
        source="CT1",
        peer="192.0.2.7",
        door="dimse",
        association=f"a-{series}",
        sop_class=Uid("1.2.840.10008.5.1.4.1.1.2"),
        sop_instance=uid,
        transfer_syntax=Uid("1.2.840.10008.1.2.1"),
        digest=blake3(content).digest(),
        received_at=MADE_AT,
        header={
            0x00080018: str(uid),
            0x00080060: "CT",
            0x00100010: "TEST-Zoé^Éva",
            0x00100020: f"P{series}",
            0x0020000D: f"2.25.9{series}",
            0x0020000E: f"2.25.8{series}",
            0x00200013: str(number),
        },
    )


def main() -> None:
    """Append `--count` instances, trying each again while it is refused."""
    parser = argparse.ArgumentParser()
    parser.add_argument("home", type=Path)
    parser.add_argument("--count", type=int, default=30)
    parser.add_argument("--size-bytes", type=int, default=9000)
    parser.add_argument("--roll-bytes", type=int, default=60_000)
    parser.add_argument("--low-water-bytes", type=int, default=0)
    parser.add_argument("--tries", type=int, default=40)
    asked = parser.parse_args()
    policy = JournalPolicy(roll_bytes=asked.roll_bytes, low_water_bytes=asked.low_water_bytes)
    journal = FileJournal(asked.home, policy=policy)
    journal.health.probe_every_s = 0.1
    slot = None
    for number in range(asked.count):
        content = content_of(number, asked.size_bytes)
        for _ in range(asked.tries):
            try:
                slot = slot or journal.slot()
                slot.begin(META)
                slot.write([content])
                slot.commit(receipt_of(number, content))
            except ArchipelError as error:
                reason = journal.health.reason()
                say(f"refused {number} {_kind(error)} {reason}")
                if slot is not None:
                    slot.close()
                slot = None
                time.sleep(0.05)
            else:
                say(f"ack {number}")
                break
    say("end")


def _kind(error: ArchipelError) -> str:
    return next(
        kind.__name__ for kind in ArchipelError.__subclasses__() if isinstance(error, kind)
    )


def say(line: str) -> None:
    """Write one line at once, in one system call that no test injects into."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()

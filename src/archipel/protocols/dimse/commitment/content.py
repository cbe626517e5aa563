"""Data sets of storage commitment: the request, the report (PS3.4 tables J.3-1 and J.3-2)."""

from collections.abc import Mapping
from dataclasses import dataclass

from archipel.archive.commitment import Commitment, FailureReason, Reference
from archipel.kernel.errors import Malformed
from archipel.kernel.uid import Uid
from archipel.standards.dicom import dataset as datasets
from archipel.standards.dicom.dataset import DataSet

TRANSACTION_UID = 0x00081195
REFERENCED_SOP_SEQUENCE = 0x00081199
FAILED_SOP_SEQUENCE = 0x00081198
FAILURE_REASON = 0x00081197
REFERENCED_SOP_CLASS = 0x00081150
REFERENCED_SOP_INSTANCE = 0x00081155
RETRIEVE_AE_TITLE = 0x00080054
REQUEST_COMMITMENT = 1  # action type
ALL_COMMITTED, SOME_FAILED = 1, 2  # event types


@dataclass(frozen=True, slots=True)
class Told:
    """A report, as a provider sent it: what it keeps, what it does not and why."""

    transaction: Uid
    committed: frozenset[Uid]
    failed: Mapping[Uid, int]

    def failures_of(self, asked: Commitment) -> dict[Uid, int]:
        """Return why instances are not kept; one that the report forgets is not kept either."""
        return {
            one.sop_instance: self.failed.get(one.sop_instance, FailureReason.PROCESSING_FAILURE)
            for one in asked.references
            if one.sop_instance not in self.committed or one.sop_instance in self.failed
        }


def request(asked: Commitment, transfer_syntax: str) -> bytes:
    """Write the action information of a request."""
    made = DataSet()
    made.set_text(TRANSACTION_UID, asked.key.transaction.value)
    made.set_items(REFERENCED_SOP_SEQUENCE, [_item(one) for one in asked.references])
    return datasets.write(made, transfer_syntax)


def read_request(raw: bytes, transfer_syntax: str) -> tuple[Uid, tuple[Reference, ...]]:
    """Read a request: its transaction and the instances, each once. Raises `Malformed`."""
    found = datasets.read(raw, transfer_syntax)
    references = tuple(dict.fromkeys(_references(found, REFERENCED_SOP_SEQUENCE)))
    if not references:
        raise Malformed("(0008,1199) names no instance to be committed")
    return Uid.parse(found.text(TRANSACTION_UID)), references


def report(decided: Commitment, transfer_syntax: str) -> tuple[int, bytes]:
    """Return event type and event information of what was decided."""
    made = DataSet()
    made.set_text(TRANSACTION_UID, decided.key.transaction.value)
    made.set_text(RETRIEVE_AE_TITLE, decided.own.value)
    failures = []
    for one in decided.references:
        if one.sop_instance in decided.failed:
            item = _item(one)
            item.set_text(FAILURE_REASON, str(decided.failed[one.sop_instance]))
            failures.append(item)
    if failures:
        made.set_items(FAILED_SOP_SEQUENCE, failures)
    if decided.committed:
        made.set_items(REFERENCED_SOP_SEQUENCE, [_item(one) for one in decided.committed])
    event_type = SOME_FAILED if failures else ALL_COMMITTED
    return event_type, datasets.write(made, transfer_syntax)


def read_report(raw: bytes, transfer_syntax: str) -> Told:
    """Read a report. Raises `Malformed`."""
    found = datasets.read(raw, transfer_syntax)
    failed: dict[Uid, int] = {}
    for item in found.items(FAILED_SOP_SEQUENCE):
        reason = item.text(FAILURE_REASON)
        failed[Uid.parse(item.text(REFERENCED_SOP_INSTANCE))] = (
            int(reason) if reason.isdigit() else FailureReason.PROCESSING_FAILURE
        )
    return Told(
        transaction=Uid.parse(found.text(TRANSACTION_UID)),
        committed=frozenset(
            one.sop_instance for one in _references(found, REFERENCED_SOP_SEQUENCE)
        ),
        failed=failed,
    )


def _references(found: DataSet, sequence: int) -> list[Reference]:
    return [
        Reference(
            Uid.parse(item.text(REFERENCED_SOP_CLASS)),
            Uid.parse(item.text(REFERENCED_SOP_INSTANCE)),
        )
        for item in found.items(sequence)
    ]


def _item(one: Reference) -> DataSet:
    made = DataSet()
    made.set_text(REFERENCED_SOP_CLASS, one.sop_class.value)
    made.set_text(REFERENCED_SOP_INSTANCE, one.sop_instance.value)
    return made

"""DIMSE statuses (PS3.7 Annex C, PS3.4 sections B.2.3, C.4.1-C.4.3), and failure -> status.

Each service has one table from the kinds of failure; the nearest class of an exception decides.
What is not an `ArchipelError` is a bug: it is logged as one and answered by 0110H.
"""

from enum import IntEnum

from archipel.archive.errors import MisplacedInstance
from archipel.kernel.errors import (
    ArchipelError,
    Conflict,
    Exhausted,
    Malformed,
    NotFound,
    Refused,
    Unavailable,
)
from archipel.protocols.dimse.errors import NoSuchType, OtherInstance


class Status(IntEnum):
    """The statuses this provider answers."""

    SUCCESS = 0x0000
    PROCESSING_FAILURE = 0x0110
    DUPLICATE_SOP_INSTANCE = 0x0111
    NO_SUCH_INSTANCE = 0x0112
    NO_SUCH_EVENT_TYPE = 0x0113
    INVALID_ARGUMENT = 0x0115
    SOP_CLASS_NOT_SUPPORTED = 0x0122
    NO_SUCH_ACTION = 0x0123
    NOT_AUTHORIZED = 0x0124
    DUPLICATE_TRANSACTION = 0x0131
    UNRECOGNIZED_OPERATION = 0x0211
    MISTYPED_ARGUMENT = 0x0212
    RESOURCE_LIMITATION = 0x0213
    OUT_OF_RESOURCES = 0xA700
    CANNOT_COUNT_MATCHES = 0xA701
    CANNOT_PERFORM_SUB_OPERATIONS = 0xA702
    MOVE_DESTINATION_UNKNOWN = 0xA801
    DATASET_MISMATCH = 0xA900
    SUB_OPERATIONS_WARNING = 0xB000
    CANNOT_UNDERSTAND = 0xC000
    MISPLACED_INSTANCE = 0xC001
    CANCEL = 0xFE00
    PENDING = 0xFF00
    PENDING_UNSUPPORTED_KEY = 0xFF01


Table = dict[type[ArchipelError], Status]

STORE: Table = {
    Malformed: Status.CANNOT_UNDERSTAND,
    MisplacedInstance: Status.MISPLACED_INSTANCE,
    OtherInstance: Status.DATASET_MISMATCH,
    Refused: Status.NOT_AUTHORIZED,
    NotFound: Status.NO_SUCH_INSTANCE,
    Conflict: Status.DUPLICATE_SOP_INSTANCE,
    Exhausted: Status.OUT_OF_RESOURCES,
    Unavailable: Status.OUT_OF_RESOURCES,
}

FIND: Table = {
    Malformed: Status.DATASET_MISMATCH,
    Refused: Status.NOT_AUTHORIZED,
    NotFound: Status.DATASET_MISMATCH,
    Conflict: Status.CANNOT_UNDERSTAND,
    Exhausted: Status.OUT_OF_RESOURCES,
    Unavailable: Status.OUT_OF_RESOURCES,
}

MOVE: Table = {
    Malformed: Status.DATASET_MISMATCH,
    Refused: Status.NOT_AUTHORIZED,
    NotFound: Status.MOVE_DESTINATION_UNKNOWN,
    Conflict: Status.CANNOT_UNDERSTAND,
    Exhausted: Status.CANNOT_COUNT_MATCHES,
    Unavailable: Status.CANNOT_PERFORM_SUB_OPERATIONS,
}

GET: Table = {
    Malformed: Status.DATASET_MISMATCH,
    Refused: Status.NOT_AUTHORIZED,
    NotFound: Status.DATASET_MISMATCH,
    Conflict: Status.CANNOT_UNDERSTAND,
    Exhausted: Status.CANNOT_COUNT_MATCHES,
    Unavailable: Status.CANNOT_PERFORM_SUB_OPERATIONS,
}


COMMIT: Table = {
    Malformed: Status.INVALID_ARGUMENT,
    Refused: Status.NOT_AUTHORIZED,
    NoSuchType: Status.NO_SUCH_ACTION,
    NotFound: Status.NO_SUCH_INSTANCE,
    Conflict: Status.DUPLICATE_TRANSACTION,
    Exhausted: Status.RESOURCE_LIMITATION,
    Unavailable: Status.RESOURCE_LIMITATION,
}


HEARD: Table = {**COMMIT, NoSuchType: Status.NO_SUCH_EVENT_TYPE}


def status_of(failure: BaseException, table: Table) -> Status:
    """Return the status that tells this failure; 0110H for what should not happen."""
    for kind in type(failure).__mro__:
        if issubclass(kind, ArchipelError) and kind in table:
            return table[kind]
    return Status.PROCESSING_FAILURE


def is_pending(status: int) -> bool:
    """Tell whether more responses follow (PS3.7 C.1.3)."""
    return status in {0xFF00, 0xFF01}


def is_warning(status: int) -> bool:
    """Tell whether the operation was done, with a remark (PS3.7 C.1.2)."""
    return status >> 12 == 0xB or status in {0x0001, 0x0107, 0x0116}  # noqa: PLR2004  (class B)

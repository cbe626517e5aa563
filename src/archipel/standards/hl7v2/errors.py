"""What can be wrong with a message, as a value: where, and which code of HL7 table 0357."""

from dataclasses import dataclass
from enum import Enum

from archipel.kernel.errors import Malformed


class Condition(Enum):
    """Message error condition codes (HL7 table 0357, chapter 2.16.5)."""

    ACCEPTED = ("0", "Message accepted")
    SEGMENT_SEQUENCE = ("100", "Segment sequence error")
    REQUIRED_FIELD_MISSING = ("101", "Required field missing")
    DATA_TYPE = ("102", "Data type error")
    TABLE_VALUE = ("103", "Table value not found")
    UNSUPPORTED_MESSAGE = ("200", "Unsupported message type")
    UNSUPPORTED_EVENT = ("201", "Unsupported event code")
    UNSUPPORTED_PROCESSING = ("202", "Unsupported processing id")
    UNSUPPORTED_VERSION = ("203", "Unsupported version id")
    UNKNOWN_KEY = ("204", "Unknown key identifier")
    DUPLICATE_KEY = ("205", "Duplicate key identifier")
    LOCKED = ("206", "Application record locked")
    APPLICATION = ("207", "Application internal error")


@dataclass(frozen=True, slots=True)
class Location:
    """Where in a message (ERR-2): segment, which one of its name (from 1), field (from 1)."""

    segment: str = ""
    occurrence: int = 1
    field: int = 0  # 0: the segment as a whole

    def __str__(self) -> str:
        return f"{self.segment}-{self.field}" if self.field else self.segment


class Fault(Malformed):
    """A message is not what it should be. The text names no value of a patient."""

    def __init__(
        self,
        text: str,
        *,
        where: Location | None = None,
        condition: Condition = Condition.DATA_TYPE,
    ) -> None:
        self.where = where or Location()
        self.condition = condition
        self.text = text
        super().__init__(f"{self.where}: {text}" if self.where.segment else text)

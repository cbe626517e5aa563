"""The measures of a journal."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalPolicy:
    """How large segments grow, what must stay free, how long a receiver waits for the index."""

    roll_bytes: int = 256 << 20  # a record may pass it: one long record is one long segment
    rotate_s: float = 3600.0  # an idle segment older than this is left, to be reclaimed
    low_water_bytes: int = 512 << 20  # room left for the index: below it nothing is taken
    announce_timeout_s: float = 5.0

"""The audit is a chain: each row is sealed by a hash over the one before and its own words.

SHA-256 over the previous hash and the row as canonical JSON (sorted keys, no spaces, UTF-8). An
edited, removed, inserted or reordered row breaks the chain there; a tail that was cut off is
missed by the head kept apart, and by any row kept elsewhere as an anchor.
"""

import hashlib
import json
from collections.abc import Iterable
from datetime import UTC, datetime

from archipel.access.model import AuditEntry, AuditRow, ChainState

NOTHING = bytes(32)
"""What stands before the first row."""


def written(at: datetime) -> str:
    """Write a time as the chain does: ISO 8601, UTC, microseconds. It sorts as text."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def seal(sequence: int, entry: AuditEntry, *, previous: bytes) -> bytes:
    """Return the hash of a row that follows the row whose hash is `previous`."""
    words = {
        "action": entry.action.value,
        "actor": entry.actor.name,
        "actor_kind": entry.actor.kind.value,
        "at": written(entry.at),
        "detail": entry.detail,
        "door": entry.door,
        "sequence": sequence,
        "subject": entry.subject,
        "tenant": entry.tenant.value if entry.tenant else None,
    }
    said = json.dumps(words, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(previous + said.encode()).digest()


def chained(
    entries: Iterable[AuditEntry], *, sequence: int, previous: bytes
) -> Iterable[AuditRow]:
    """Put `entries` behind the row with this sequence and hash."""
    for entry in entries:
        sequence += 1
        previous = seal(sequence, entry, previous=previous)
        yield AuditRow(sequence=sequence, entry=entry, hash=previous)


def check(
    rows: Iterable[AuditRow], *, head: tuple[int, bytes], anchor: tuple[int, bytes] | None = None
) -> ChainState:
    """Recompute the chain over all `rows` in order, and name the first that is not as written.

    `head` is the sequence and hash of the last row as kept apart; `anchor` one kept elsewhere.
    """
    previous, last = NOTHING, 0
    for row in rows:
        if row.sequence != last + 1:
            return _broken(last, previous, last + 1, "a row is missing or out of its place")
        if seal(row.sequence, row.entry, previous=previous) != row.hash:
            return _broken(last, previous, row.sequence, "the row is not the one written")
        previous, last = row.hash, row.sequence
        if anchor is not None and anchor[0] == last and anchor[1] != previous:
            return _broken(last, previous, last, "the row differs from the one kept elsewhere")
    if (last, previous) != head:
        return _broken(last, previous, last + 1, "rows at the end are missing")
    if anchor is not None and anchor[0] > last:
        return _broken(last, previous, last + 1, "rows that were kept elsewhere are missing")
    return ChainState(rows=last, head=previous, first_broken=None)


def _broken(rows: int, head: bytes, sequence: int, why: str) -> ChainState:
    return ChainState(rows=rows, head=head, first_broken=sequence, why=why)

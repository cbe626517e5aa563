"""Who sent what: one line for each association and study, and the audit of its first sight."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

from archipel.access.model import Action, AuditEntry
from archipel.archive.model import Quarantined, Receipt, Reception, StudyKey
from archipel.archive.quality.model import Note
from archipel.kernel.actors import Actor, ActorKind

_ACTOR_AT = {"dimse": ActorKind.DEVICE, "stow": ActorKind.PERSON}  # else: the node itself
_DOOR = {"stow": "dicomweb", "import": "cli"}  # as the audit calls it


@dataclass(slots=True)
class _Tally:
    receipt: Receipt
    first: datetime
    last: datetime
    instances: int = 0
    duplicates: int = 0
    quarantined: int = 0


class Receptions:
    """Counts, for each study and association of a batch, what came."""

    def __init__(self) -> None:
        self._tallies: dict[tuple[StudyKey, str], _Tally] = {}

    def stored(self, key: StudyKey, receipt: Receipt) -> None:
        """Count an instance that was new."""
        self._tally(key, receipt).instances += 1

    def duplicate(self, key: StudyKey, receipt: Receipt) -> None:
        """Count an instance that was held already, byte for byte."""
        self._tally(key, receipt).duplicates += 1

    def quarantined(self, key: StudyKey, receipt: Receipt) -> None:
        """Count an instance that was set aside."""
        self._tally(key, receipt).quarantined += 1

    def pairs(self) -> Collection[tuple[StudyKey, str]]:
        """Give the studies and associations that were counted."""
        return self._tallies.keys()

    def rows(self) -> Iterator[Reception]:
        """Give one line for each pair."""
        for (key, association), tally in self._tallies.items():
            yield Reception(
                key=key,
                association=association,
                source=tally.receipt.source,
                peer=tally.receipt.peer,
                door=tally.receipt.door,
                instances=tally.instances,
                duplicates=tally.duplicates,
                quarantined=tally.quarantined,
                first=tally.first,
                last=tally.last,
            )

    def audit(
        self, heard: Collection[tuple[StudyKey, str]], *, now: datetime
    ) -> Iterator[AuditEntry]:
        """Write one entry for each pair that was not heard of before."""
        for (key, association), tally in self._tallies.items():
            if (key, association) not in heard:
                yield AuditEntry(
                    tenant=key.tenant,
                    at=now,
                    actor=_actor(tally.receipt),
                    action=Action.RECEIVE,
                    subject=key.study.value,
                    door=_DOOR.get(tally.receipt.door, tally.receipt.door),
                    detail=f"association {association}",
                )

    def _tally(self, key: StudyKey, receipt: Receipt) -> _Tally:
        pair = (key, receipt.association)
        tally = self._tallies.get(pair)
        if tally is None:
            at = receipt.received_at
            tally = self._tallies[pair] = _Tally(receipt, at, at)
        tally.first = min(tally.first, receipt.received_at)
        tally.last = max(tally.last, receipt.received_at)
        return tally


def refused(quarantined: Quarantined, *, now: datetime) -> AuditEntry:
    """Write the entry of a record that was set aside."""
    receipt = quarantined.receipt
    return AuditEntry(
        tenant=receipt.tenant,
        at=now,
        actor=_actor(receipt),
        action=Action.REFUSE,
        subject=receipt.sop_instance.value,
        door=_DOOR.get(receipt.door, receipt.door),
        detail=f"quarantine: {quarantined.reason.value}",
    )


def rejecting(note: Note, *, now: datetime) -> AuditEntry:
    """Write the entry of a note that is honoured; who decided stands in the note itself."""
    what = f"rejected: {note.reason.value}" if note.reason else "rejections taken back"
    return AuditEntry(
        tenant=note.tenant,
        at=now,
        actor=Actor(ActorKind.NODE, "index"),
        action=Action.CHANGE,
        subject=note.study.value,
        door="worker",
        detail=f"{what}: {len(note.instances)} instances by note {note.uid}",
    )


def _actor(receipt: Receipt) -> Actor:
    if receipt.door == "stow" and "/" in receipt.source:  # login/label: a token, not its owner
        return Actor(ActorKind.SERVICE, receipt.source)
    return Actor(_ACTOR_AT.get(receipt.door, ActorKind.NODE), receipt.source)
